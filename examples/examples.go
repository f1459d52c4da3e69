// Package examples carries the configurations that a user starts from:
// erlmcp init -example NAME copies one.
package examples

import "embed"

// Files holds one folder an example.
//
//go:embed quickstart/main.mcp.hcl quickstart/README.md quickstart/docs docker/main.mcp.hcl docker/README.md docker/.gitignore docker/docs guarded/main.mcp.hcl guarded/README.md kubernetes/main.mcp.hcl kubernetes/README.md kubernetes/docs ci/main.mcp.hcl ci/target.mcp.hcl ci/production.gcs.hcl ci/README.md ci/.gitignore ci/.gitlab-ci.yml ci/.github/workflows
var Files embed.FS
