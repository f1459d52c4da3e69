// Package document is what providers share about the runtime document as an
// attribute of the resources that they make: its settings with their defaults,
// the endpoint that it opens, what a change of it is felt as, and how to keep
// its secrets out of what is printed.
//
// How the document gets to a target, and how the runtime there is told, is each
// provider's matter.
//
// In order of reading: [Setting], [EndpointOf], [Attribute], [Files], [Excerpt].
package document
