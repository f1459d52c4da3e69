# Of the backend: for a run in a pod of the cluster that holds the state.
in_cluster = true
