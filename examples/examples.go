// Package examples carries the configurations that a user starts from:
// erlmcp init -example NAME copies one.
package examples

import "embed"

// Files holds one folder an example.
//
//go:embed quickstart/main.mcp.hcl quickstart/README.md quickstart/docs docker/main.mcp.hcl docker/README.md docker/.gitignore docker/docs guarded/main.mcp.hcl guarded/README.md kubernetes/main.mcp.hcl kubernetes/README.md kubernetes/docs canary/main.mcp.hcl canary/README.md
var Files embed.FS
