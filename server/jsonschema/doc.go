// Package jsonschema checks values against JSON Schemas: the arguments and answers
// of tools, and the forms that users fill in.
//
// [Compile] reads a schema once and says all that is wrong with it; the [Schema] is
// then used for any number of values, by any number of goroutines. A value that
// fits costs next to no memory. One that does not is gone through a second time, to
// say each thing that is wrong and where ([Misfits]).
//
// It speaks drafts 2020-12 (what a schema is of that does not say), 2019-09, 7, 6
// and 4 wholly, but for three things that are left out on purpose: other documents are
// not fetched (MCP 2026-07-28, basic, "$ref Resolution"), nor are the metaschemas
// built in to refer to, and vocabularies cannot be chosen. Patterns are those of
// [regexp], which take no longer than linear time. Formats count only when they
// are asked for, and then a few.
//
// It is written here because it stands on the path of each call, and of each start
// of the command line: validators that compile their metaschemas at start take
// longer for that than all else that is ours.
//
// In order of reading: schema.go (what is compiled, and [Schema.Validate]),
// document.go (where the schemas of a document are, and what refers to them),
// keywords.go and rules.go (from JSON to rules), loop.go, check.go, object.go and
// array.go (values against rules), seen.go (what was evaluated), value.go,
// number.go and format.go, misfit.go (what is told).
package jsonschema
