// Package schemas is the vocabulary of erlmcp: every block and attribute, its
// type, default, unit, limits and sentence of documentation, once.
//
// A block is a Go struct. Its fields are attributes and nested blocks, and the
// struct tags say the rest (see [Describe] for the tags). Everything else comes
// from there: decoding HCL and JSON, validation, the reference pages, the JSON
// Schema and editor completion.
//
// [Server] is also the runtime document: its JSON is the whole contract between
// the platform, which renders it ([Encode]), and the runtime, which loads it
// ([Parse]).
//
// In order of reading: server.go (what a server is), place.go and config.go (the
// blocks around it), target.go (where servers run), describe.go (the description
// of a block), tags.go (how it is read from a struct), document.go and parse.go
// (the runtime document), rules.go and rules_tool.go (what must hold of one as a
// whole), jsonschema.go and reference.go (what people and editors read).
package schemas
