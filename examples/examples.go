// Package examples carries the configurations that a user starts from:
// erlmcp init -example NAME copies one.
package examples

import "embed"

// Files holds one folder an example.
//
//go:embed quickstart/main.mcp.hcl quickstart/README.md quickstart/docs docker/main.mcp.hcl docker/README.md docker/.gitignore docker/docs gateway/main.mcp.hcl gateway/README.md gateway/docs gateway/tickets guarded/main.mcp.hcl guarded/README.md kubernetes/main.mcp.hcl kubernetes/README.md kubernetes/docs openapi/main.mcp.hcl openapi/README.md openapi/tickets.yaml
var Files embed.FS
