# Where production is. Credentials come from the environment of the job: a
# kubeconfig for the cluster, application default credentials for the bucket.

target "kubernetes" "production" {
  namespace        = "mcp"
  create_namespace = true
  registry         = "europe-docker.pkg.dev/acme-tools/mcp/erlmcp"
}

locals {
  production = target.kubernetes.production
}
