# A server whose changes go to a few clients first: a new version is checked out of
# sight, answers 10 and then 50 percent of the requests while its errors are
# counted, and takes over. What fails on the way is put back.
#
#   erlmcp plan  -var image=registry.example.com/tools/erlmcp:1
#   erlmcp apply -var image=registry.example.com/tools/erlmcp:1

variable "image" {
  description = "Image of the runtime that the cluster can pull."
  type        = string
}

variable "greeting" {
  description = "What the server says. Change it, and watch the apply."
  type        = string
  default     = "Hello"
}

variable "hold" {
  description = "How long the new version is watched at each step."
  type        = string
  default     = "1m"
}

target "kubernetes" "cluster" {
  namespace        = "canary"
  create_namespace = true
  image            = var.image
}

server "greeter" {
  target      = target.kubernetes.cluster
  description = "Greets."

  scale { replicas = 3 }

  limits {
    memory = "64MB"
    cpu    = 0.4
  }

  rollout {
    strategy = "canary"
    canary {
      steps = [10, 50]
      hold  = var.hold
    }
  }

  # Requests go to any pod, so that a share of the pods is a share of the requests.
  # Clients of the older protocol era need them to stay with one: see the guide.
  kubernetes { sticky = false }

  tool "greet" {
    description = "Greets somebody."
    input "name" { type = string }
    static { text = "${var.greeting}, ${input.name}!" }
  }

  smoke "greets by name" {
    call    = "greet"
    with    = { name = "Ada" }
    require = strcontains(result.text, "Ada")
  }
}

output "url" {
  description = "Where MCP clients within the cluster connect to."
  value       = server.greeter.url
}
