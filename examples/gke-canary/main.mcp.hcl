# A server in an Autopilot cluster, changed little by little: a new version answers
# 5, 25, then 50 percent of the requests, is checked and watched at each step, and put
# back when it does worse than the old one.
#
#   erlmcp plan  -var project=acme-prod -var domain=mcp.example.com
#   erlmcp apply -var project=acme-prod -var domain=mcp.example.com

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

variable "domain" {
  description = "Host name of the server; point it to the address that the first apply reserves."
  type        = string
}

variable "hold" {
  description = "How long the new version is watched at each step."
  type        = string
  default     = "2m"
}

target "gke" "prod" {
  project          = var.project
  location         = var.location
  name             = "tools"
  namespace        = "runbooks"
  create_namespace = true
  registry         = coalesce(var.registry, "${var.location}-docker.pkg.dev/${var.project}/tools/erlmcp")

  cluster {
    mode = "autopilot"
  }
}

server "greeter" {
  target = target.gke.prod
  title  = "Greeter"

  gke {
    domain = var.domain
    ssl_policy { profile = "RESTRICTED" }
  }

  scale { replicas = 2 }

  limits {
    memory = "128MB"
    cpu    = 0.4
  }

  rollout {
    strategy = "canary"

    canary {
      steps = [5, 25, 50]
      hold  = var.hold
    }
  }

  tool "hello" {
    description = "Says hello."
    read_only   = true

    static { text = "Hello" }
  }

  # Before the new version answers anybody, and again at each step.
  smoke "says hello" {
    call    = "hello"
    require = startswith(result.text, "Hello")
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.greeter.url
}
