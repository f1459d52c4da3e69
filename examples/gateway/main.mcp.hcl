# One MCP server in front of two others: what they offer is offered as its own,
# chosen, renamed and guarded in one place.
#
#   erlmcp apply
#   erlmcp call http://localhost:8080 tools/list
#   erlmcp call http://localhost:8080 tickets_open title="The printer is on fire"

variable "erlmcp" {
  type        = string
  description = "Path of erlmcp itself, which runs the ticket server."
  default     = "/usr/local/bin/erlmcp"
}

target "host" "here" {}

# The first upstream: a server over HTTP, that this configuration runs as well.
server "handbook" {
  target = target.host.here
  listen { port = 8081 }
  metrics { enabled = false }

  resource "handbook" {
    folder  = "docs"
    include = ["**/*.md"]
  }

  tool "search" {
    description = "Finds the lines of the handbook that hold every word of the query."
    read_only   = true
    search { resources = ["handbook"] }
  }
}

server "gateway" {
  target = target.host.here
  title  = "Office"

  rate_limit { requests_per_minute = 600 }

  upstream "handbook" {
    http { url = server.handbook.url }
    tools {
      rename = { search = "search_handbook" }
    }
  }

  # The second upstream: a program that speaks MCP over its standard streams. Any
  # will do; this one is erlmcp with the configuration in the folder tickets.
  upstream "tickets" {
    stdio {
      command = [var.erlmcp, "serve", "-stdio"]
      dir     = abspath("tickets")
    }
    prefix = "tickets_"
    tools { exclude = ["delete*"] }
  }

  tool "office_hours" {
    description = "When somebody is there."
    read_only   = true
    static { text = "Monday to Friday, 9 to 17" }
  }

  smoke "the handbook is there" {
    call    = "search_handbook"
    with    = { query = "printer" }
    require = !result.is_error
  }
  smoke "both upstreams are there" {
    tools   = ["search_handbook", "tickets_open", "tickets_count"]
    retries = 5
    timeout = "3s"
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.gateway.url
}
