// Package gke serves targets of the kind "gke": clusters of Google Kubernetes
// Engine, which are used as they are or made and kept as the target block says, with
// their node pools, firewall rules, reserved addresses, certificates and TLS
// policies. The servers in a cluster are lowered, read and changed by
// providers/kubernetes; here it is only told how the cluster is reached, which is
// known once the cluster is there.
//
// Every object bears its owner's lineage, its address, revision and digest: in
// labels where its kind has them, in the description otherwise. GKE and Compute
// Engine work in operations. One that an apply began and did not see the end of is
// found among the cluster's pending ones by the next, which goes on waiting.
//
// It leaves out what else a project needs: APIs that are enabled, networks, the
// repository of images, DNS.
//
// In order of reading: types.go (what there is), settings.go, lower.go and
// entrance.go (what a server needs outside of the cluster), connect.go,
// credentials.go and retry.go (how Google is spoken to), failure.go, operation.go,
// label.go, then reader.go and writer.go, cluster.go and pool.go, and thing.go with
// network.go and balancer.go for the objects of Compute Engine; access.go leads to
// the servers.
package gke
