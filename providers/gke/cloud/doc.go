// Package cloud is a small Google Cloud for tests: the API of GKE over gRPC and over
// REST, and what clusters need of that of Compute Engine over REST, on loopback.
//
// It speaks the APIs' own wire formats, from their definitions in
// cloud.google.com/go; keeps state; finishes operations after a delay; refuses what
// the APIs refuse, such as unknown fields, names in use, changes of what cannot
// change, two operations on one cluster at a time; and fails on demand.
//
// It leaves out what erlmcp does not call, and makes no clusters: where their API
// servers answer is told with [Cloud.Serve].
//
// In order of reading: [Cloud], [Fault], transcode.go (REST), clusters.go, pools.go
// and settings.go (GKE), compute.go and its kinds.
package cloud
