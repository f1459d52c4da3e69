// Package memory bounds what requests in progress hold: the bodies that clients
// send, what tools produce, and answers that are on their way.
//
// A [Budget] is what of the process's memory may be held so. Each request has a
// [Hold] on it, which travels in the context to whatever reads or produces
// something large, and is released when the request has been answered. Who asks
// and gets nothing must do without: refuse, or cut.
//
// The package measures nothing and frees nothing; what the Go heap really holds is
// the governor's business (package guard), and the collector's.
//
// In order of reading: budget.go, hold.go, limit.go.
package memory
