// Package conformance runs clients that others wrote against the runtime: the
// public MCP conformance suite, npm package @modelcontextprotocol/conformance, and
// the official TypeScript SDK's client. They run with the build tag e2e (make
// e2e), against fixture.mcp.hcl and the tools of tools_test.go and tasks_test.go.
//
// The suite is installed once, in a folder of the user's cache that is named
// after its version.
package conformance
