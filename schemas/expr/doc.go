// Package expr is the language of expressions that plan time and request time
// share: the functions, the templates that the runtime evaluates, and the
// partial evaluation that makes such a template out of an expression.
//
// The engine evaluates what does not mention input ([Partial]); what is left is a
// [schemas.Template] in the runtime document, which the runtime compiles once
// ([Compile], [CompileWords]) and evaluates for each request. Only input and the
// functions of [Functions] exist there.
//
// A template knows the place it stands in, and escapes for it: text that the
// author wrote stays as it is, and what came from input can add no path segment,
// query parameter, header or word. See [Compile] for the places. An optional
// argument that was left out is null: no text at all in a template, and what
// coalesce(input.name, "…") replaces.
//
// Functions that touch the world (files, environment, clock) are not here: the
// engine adds them at plan time, and the runtime has none.
//
// An evaluation has a budget of work, and its text a largest length, as a caller
// chooses what it goes over: see meter.go.
//
// In order of reading: template.go, node.go (the parts of a template), meter.go
// and work.go (their bounds), place.go and url.go (escaping), words.go, input.go,
// partial.go and remainder.go (what remains of an expression), source.go (writing
// values as source), functions.go and its neighbours, finite.go (divisions).
package expr
