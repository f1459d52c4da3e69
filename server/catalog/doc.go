// Package catalog is what a server offers: its tools, resources and prompts.
//
// [New] builds a [Catalog] from a runtime document and checks all of it; a
// catalog never changes afterwards, and a reload replaces it by another. Lists
// are rendered once where they can be, and always come in the same order. Folders
// are read when they are asked for, so that clients see what is there now, and
// watched ([Catalog.Watch]).
//
// A [Feed] tells those who listen that a new catalog is in place.
//
// The package neither speaks JSON-RPC envelopes nor knows clients, limits or
// workers; what a tool does is package backend's.
//
// In order of reading: catalog.go, tool.go, schema.go, mirror.go and output.go
// (arguments and answers), resource.go, folder.go, template.go, read.go and
// search.go, prompt.go, icon.go, complete.go, offer.go (what other servers offer
// through this one), page.go (lists), compare.go, watch.go and feed.go (changes).
package catalog
