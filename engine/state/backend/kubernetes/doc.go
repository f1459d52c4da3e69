// Package kubernetes keeps a state in a namespace of a Kubernetes cluster.
//
// Each object is a Secret with gzipped content; one of more than 900 KB lies in
// several, of which the first names the others and is written last. Versions are
// resource versions. The lock is a Lease, whose transitions count the holders and
// whose times are those of the API server's clock.
//
// It asks for get, list, create, update and delete of secrets, and for get, create
// and update of leases, in that namespace. Requests go through client-go's
// transport, which knows kubeconfigs, certificates and credential plugins, and not
// through its typed clients, which register every API there is when a program
// starts.
//
// In order of reading: [Namespace], api.
package kubernetes
