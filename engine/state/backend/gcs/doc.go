// Package gcs keeps a state in a bucket of Google Cloud Storage.
//
// Objects are written with generation preconditions, which are what
// [remote.Place] asks for; the lock is an object too, and its age is told by the
// service's own clock. The bucket needs neither versioning nor a retention rule.
//
// It speaks the JSON API through Google's generated client and not through
// cloud.google.com/go/storage, which brings gRPC with all of its name resolvers
// and telemetry: for four methods of the API it would double the size of the
// command line.
package gcs
