# The quickstart's server on Kubernetes: two copies that scale to six, behind a
# Service, in a namespace of their own. A change is tried in a pod that no client
# reaches before it goes to the others, and put back when it fails.
#
#   erlmcp plan  -var registry=registry.example.com/tools/erlmcp
#   erlmcp apply -var registry=registry.example.com/tools/erlmcp

variable "registry" {
  description = "Repository that the image of the runtime is pushed to and that the cluster pulls from."
  type        = string
}

target "kubernetes" "cluster" {
  namespace        = "runbooks"
  create_namespace = true
  registry         = var.registry
}

server "runbooks" {
  target       = target.kubernetes.cluster
  title        = "Runbooks"
  description  = "The runbooks of a small operations team."
  instructions = "Search the runbooks first, then read the one that fits."

  scale {
    min = 2
    max = 6
    cpu = 70
  }

  limits {
    memory = "128MB"
    cpu    = 0.4
  }

  resource "runbooks" {
    folder      = "docs"
    include     = ["**/*.md"]
    description = "A runbook of the operations team."
  }

  tool "search" {
    title       = "Search the runbooks"
    description = "Finds the lines of the runbooks that hold every word of the query."
    read_only   = true

    search { resources = ["runbooks"] }
  }

  rollout { health_timeout = "90s" }

  smoke "the runbooks are found" {
    call    = "search"
    with    = { query = "restore" }
    require = strcontains(result.text, "backups.md")
  }
}

output "url" {
  description = "Where MCP clients within the cluster connect to."
  value       = server.runbooks.url
}
