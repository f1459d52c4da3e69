// Package kubernetes serves targets of the kind "kubernetes": each server is a
// Deployment, with the Secret that holds its runtime document, ConfigMaps with
// the files that are shipped with it, a Service, and what keeps them well.
//
// Objects are applied by the server side with the field manager [Manager], and
// compared in the fields that this manager owns or last set: what others set
// beside them is theirs. They are found by the label of their owner, with one
// list for each kind, however many servers there are.
//
// The document is always a Secret, also when it holds nothing secret: whether it
// does can change with one variable, and an object that changes its kind cannot
// change without a moment in which there is none.
//
// It leaves out clusters themselves, which are made elsewhere.
//
// A change that is made in stages is tried in a Deployment beside the server's own
// objects, which has names and selectors of its own. The Service, or the weights of
// an HTTPRoute, give it its part of the requests. Pods are reached through the API
// server alone.
//
// In order of reading: types.go (what there is), lower.go, manifest.go, pod.go,
// storage.go and ways.go (what a server becomes), fields.go (which fields are
// compared), follows.go (which are not shown), reader.go and rehearse.go, intent.go, apply.go and writer.go, then
// workload.go, reload.go and settle.go for what changes and starts pods, beside.go and route.go for what is
// tried, and reach.go, forward.go, watch.go and keep.go for what the engine asks of
// running servers.
package kubernetes
