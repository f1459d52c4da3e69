# The clusters, and the three ways to say how one is reached.

variable "cluster" {
  description = "Which cluster is meant."
  type        = string
  default     = "staging"

  validation {
    condition     = contains(["staging", "production", "here"], var.cluster)
    error_message = "The clusters are staging, production and here."
  }
}

variable "production" {
  description = "Token of the account that deploys to production, and what vouches for the cluster, in PEM."
  type        = object({ token = string, ca = string })
  default     = { token = "", ca = "" }
  sensitive   = true
}

locals {
  cluster = {
    staging    = target.kubernetes.staging
    production = target.kubernetes.production
    here       = target.kubernetes.here
  }[var.cluster]
}

# By a kubeconfig.
target "kubernetes" "staging" {
  kubeconfig       = "staging.kubeconfig"
  context          = "staging"
  namespace        = "mcp-staging"
  create_namespace = true
  registry         = "registry.example.com/platform/erlmcp"
}

# By an address and a token, as a pipeline has them.
target "kubernetes" "production" {
  endpoint  = "https://production.k8s.example.com:6443"
  ca        = var.production.ca
  token     = var.production.token
  namespace = "mcp"
  prefix    = "mcp" # the namespace is shared: names begin with this
  arch      = "arm64"
  image     = "registry.example.com/platform/erlmcp:1"
  force     = true # fields of the tool that was used before are taken over
}

# From within: erlmcp runs in a pod of the cluster.
target "kubernetes" "here" {
  in_cluster = true
  namespace  = "mcp"
  image      = "registry.example.com/platform/erlmcp:1"
}
