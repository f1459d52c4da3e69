// Package diag holds the one type of error that a user sees.
//
// A [Diagnostic] says what is wrong, where, and what would be right. Every
// folder of erlmcp returns ordinary errors inside, and turns them into a
// diagnostic once, where a user will read them. Diagnostics travel through the
// error interface: [List.Err] and [FromError] convert without loss.
//
// The package does not print: engine/view renders diagnostics for people and
// machines.
package diag
