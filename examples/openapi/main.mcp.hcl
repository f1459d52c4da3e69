# The operations of a web service as tools, made from its OpenAPI document.
#
#   export ERLMCP_VAR_token=…
#   erlmcp plan

variable "service" {
  type        = string
  description = "URL of the ticket service."
  default     = "https://tickets.example.com/api/v2"
}

variable "token" {
  type        = string
  description = "Token of the ticket service."
  sensitive   = true
}

target "host" "here" {}

server "tickets" {
  target = target.host.here
  title  = "Tickets"

  openapi "tickets" {
    document = file("tickets.yaml")
    url      = var.service
    rename   = { openTicket = "open_ticket" }

    include { tags = ["tickets"] }
    exclude { methods = ["DELETE"] }

    # The name of the scheme in the document.
    security "token" { token = var.token }
  }

  resource "contract" {
    uri  = "tickets://openapi"
    file = "tickets.yaml"
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.tickets.url
}
