// Package protocol is JSON-RPC 2.0 and the Model Context Protocol on the wire:
// messages, versions, errors, parameters and results of both eras.
//
// A message is scanned once, with bounds on its depth; what the runtime does not
// need to look into stays raw JSON that aliases the input. Answers are appended
// to a buffer of the caller.
//
// The package does no input or output and keeps no state: transports carry
// bytes, and the dispatcher of package server decides what is done.
//
// In order of reading: version.go (versions and eras), message.go and scan.go
// (decoding), meta.go (what a request says of itself), params.go, errors.go,
// answer.go (encoding), content.go (what tools answer), header.go (the mirrored
// HTTP headers), cursor.go (pagination), input.go and form.go (questions to clients
// and what answers them), trace.go.
package protocol
