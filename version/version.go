// Package version says which build this is.
package version

import "runtime"

// Set by the linker: -X github.com/erlmcp/erlmcp/version.Version=… .Commit=…
var (
	Version = "dev"
	Commit  = "unknown"
)

// String is "0.1.0 (commit 1a2b3c4, go1.26.8, linux/amd64)".
func String() string {
	return Version + " (commit " + Commit + ", " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH + ")"
}
