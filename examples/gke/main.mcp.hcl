# The quickstart's server on Google Kubernetes Engine. One apply makes the cluster,
# its nodes, its firewall rule and a reserved address, pushes the image, and serves
# clients on the internet.
#
#   gcloud auth application-default login
#   erlmcp plan  -var project=acme-prod
#   erlmcp apply -var project=acme-prod

variable "project" {
  description = "Project in which everything is made."
  type        = string
}

variable "location" {
  description = "Region of the cluster."
  type        = string
  default     = "europe-west1"
}

variable "registry" {
  description = "Repository that the image is pushed to. Default: one in Artifact Registry, which must exist."
  type        = string
  default     = null
}

target "gke" "prod" {
  project          = var.project
  location         = var.location
  name             = "tools"
  namespace        = "runbooks"
  create_namespace = true
  registry         = coalesce(var.registry, "${var.location}-docker.pkg.dev/${var.project}/tools/erlmcp")

  cluster {
    release_channel = "regular"
    private_nodes   = true

    # Weekends, from Saturday 01:00 for six hours.
    maintenance {
      recurrence = "FREQ=WEEKLY;BYDAY=SA"
      start      = "2026-01-03T01:00:00Z"
      end        = "2026-01-03T07:00:00Z"
    }

    node_pool "default" {
      machine_type = "e2-standard-2"
      min_nodes    = 1
      max_nodes    = 3
      tags         = ["tools"]
    }
  }

  # The health checks of Google's load balancers.
  firewall "health-checks" {
    sources = ["35.191.0.0/16", "130.211.0.0/22"]
    allow   = ["tcp:8080"]
    targets = ["tools"]
  }
}

server "runbooks" {
  target       = target.gke.prod
  title        = "Runbooks"
  description  = "The runbooks of a small operations team."
  instructions = "Search the runbooks first, then read the one that fits."

  scale {
    min = 2
    max = 6
    cpu = 70
  }

  # A load balancer with an address that stays.
  gke {
    static_address = true
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
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.runbooks.url
}

output "address" {
  description = "For a record in DNS."
  value       = server.runbooks.address
}
