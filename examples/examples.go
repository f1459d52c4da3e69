// Package examples carries the configurations that a user starts from:
// erlmcp init -example NAME copies one.
package examples

import "embed"

// Files holds one folder an example.
//
//go:embed canary/main.mcp.hcl canary/README.md
//go:embed ci/main.mcp.hcl ci/target.mcp.hcl ci/production.gcs.hcl ci/lab.gcs.hcl ci/README.md ci/.gitignore ci/.gitlab-ci.yml ci/.github/workflows
//go:embed docker/main.mcp.hcl docker/README.md docker/.gitignore docker/docs
//go:embed edge/main.mcp.hcl edge/README.md
//go:embed federation/main.mcp.hcl federation/README.md federation/.gitignore federation/archive.yaml
//go:embed fleet/main.mcp.hcl fleet/README.md fleet/.gitignore fleet/teams
//go:embed gateway/main.mcp.hcl gateway/README.md gateway/docs gateway/tickets
//go:embed gke-canary/main.mcp.hcl gke-canary/README.md
//go:embed gke-private/main.mcp.hcl gke-private/README.md
//go:embed gke/main.mcp.hcl gke/README.md gke/docs
//go:embed guarded/main.mcp.hcl guarded/README.md
//go:embed hardened/main.mcp.hcl hardened/README.md hardened/.gitignore
//go:embed intranet/main.mcp.hcl intranet/README.md intranet/handbook
//go:embed kubernetes/main.mcp.hcl kubernetes/README.md kubernetes/docs
//go:embed museum/main.mcp.hcl museum/README.md museum/media museum/rooms
//go:embed observed/main.mcp.hcl observed/README.md
//go:embed openapi/main.mcp.hcl openapi/README.md openapi/tickets.yaml
//go:embed platform/main.mcp.hcl platform/clusters.mcp.hcl platform/staging.kubernetes.hcl platform/here.kubernetes.hcl platform/README.md
//go:embed public/main.mcp.hcl public/README.md
//go:embed quickstart/main.mcp.hcl quickstart/README.md quickstart/docs
//go:embed telemetry/main.mcp.hcl telemetry/README.md
var Files embed.FS
