// Package examples carries the configurations that a user starts from:
// erlmcp init -example NAME copies one.
package examples

import "embed"

// Files holds one folder an example.
//
//go:embed canary/main.mcp.hcl canary/README.md
//go:embed ci/main.mcp.hcl ci/target.mcp.hcl ci/production.gcs.hcl ci/README.md ci/.gitignore ci/.gitlab-ci.yml ci/.github/workflows
//go:embed docker/main.mcp.hcl docker/README.md docker/.gitignore docker/docs
//go:embed gateway/main.mcp.hcl gateway/README.md gateway/docs gateway/tickets
//go:embed gke-canary/main.mcp.hcl gke-canary/README.md
//go:embed gke/main.mcp.hcl gke/README.md gke/docs
//go:embed guarded/main.mcp.hcl guarded/README.md
//go:embed kubernetes/main.mcp.hcl kubernetes/README.md kubernetes/docs
//go:embed observed/main.mcp.hcl observed/README.md
//go:embed openapi/main.mcp.hcl openapi/README.md openapi/tickets.yaml
//go:embed public/main.mcp.hcl public/README.md
//go:embed quickstart/main.mcp.hcl quickstart/README.md quickstart/docs
var Files embed.FS
