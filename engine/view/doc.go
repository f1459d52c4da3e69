// Package view turns what commands compute into what people and machines read.
//
// A view takes finished values (a plan, diagnostics, a state) and writes them:
// for people with colour where a terminal shows it, for machines as JSON. It
// computes nothing of its own and never sees a secret: what reaches it holds
// digests only.
//
// In order of reading: [Style] (colour and width), [Diagnostics], then one file
// a command.
package view
