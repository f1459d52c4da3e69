// Package dialogue is what a tool or prompt written in Go may say to its client,
// and ask of it, before it has its answer: progress, log messages, sampling,
// elicitation, roots, and going on as a task.
//
// [From] gives the [Client] of a call. A question is asked in the same words
// whatever protocol the client speaks. A client of the older era is asked over
// the stream of the call, which waits. With a modern client (MCP 2026-07-28,
// basic/patterns/mrtr) the call ends instead, and the client makes it again with
// the answers: so the tool runs again from its beginning, and each question that
// was answered returns at once. What a tool does before a question it may
// therefore do several times. As a task, the call waits in both cases.
//
// Not here: how anything travels. Package server provides the [Line] of each
// case.
//
// In order of reading: client.go, question.go.
package dialogue
