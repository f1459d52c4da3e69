# One server on a cluster, changed by pull requests only: .github/workflows and
# .gitlab-ci.yml plan each of them, apply what is merged, and look for drift at
# night. What they share is the state, in a bucket.
#
#   erlmcp init -backend-config=production.gcs.hcl
#   erlmcp plan

erlmcp {
  required_version = ">= 0.1"

  backend "gcs" {
    prefix = "production"
  }
}

server "status" {
  target      = local.production
  description = "What people ask the platform team for."

  tool "on_call" {
    description = "Who is on call this week."
    static { text = "The platform team: call extension 4711." }
  }
}

output "url" { value = server.status.url }
