// Package artifact finds the runtime that is shipped to targets: the erlmcpd
// binary for a given architecture.
//
// A release of erlmcp carries the binaries inside itself, compressed (build tag
// embed_runtime). A plain build takes one from the environment or from beside
// its own executable. How a binary gets onto a target is the provider's matter.
//
// In order of reading: [Binary], [Runtime].
package artifact
