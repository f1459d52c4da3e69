# A server inside of a company: a certificate of the company's own authority, which
# speaks ACME, and clients with access tokens of the company's login.
#
#   erlmcp plan
#   erlmcp plan -var domain=mcp.corp.example

variable "domain" {
  description = "Name by which clients reach the server."
  type        = string
  default     = "mcp.corp.example"
}

target "host" "here" {}

server "handbook" {
  target = target.host.here
  title  = "Handbook"

  listen {
    address  = "0.0.0.0"
    port     = 443
    path     = "/mcp"
    sse_path = "/sse" # some clients know no more than MCP of 2024-11-05
    hosts    = [var.domain]
    origins  = ["https://chat.corp.example"]
  }

  tls {
    acme {
      domains           = [var.domain]
      email             = "it@corp.example"
      directory         = "https://ca.corp.example/acme/directory"
      directory_ca_file = "/etc/ssl/corp-root.pem"
      storage           = "/var/lib/erlmcp/acme"

      # Port 80 is taken by another server, which passes this on.
      challenge = "http-01"
      http_port = 8402
    }
    min_version = "1.2" # for the older of those clients
  }

  auth {
    oauth {
      issuer   = "https://login.corp.example"
      jwks_url = "https://login.corp.example/keys"
      audience = "handbook" # as the login names this server
      resource = "https://${var.domain}/mcp"
      scopes   = ["handbook"]
      claims   = { tenant = "corp" }
      leeway   = "30s"

      # Everybody sees what this scope is for; who lacks it is told to ask for it.
      scope "handbook.write" {
        tools     = ["propose"]
        prompts   = ["proposal"]
        resources = ["drafts"]
      }
    }

    allow { identities = ["oauth:*"] }

    # Interns have a token for another purpose: they do not even see drafts.
    deny {
      scopes    = ["intern"]
      resources = ["drafts"]
    }
  }

  health {
    path        = "/healthz"
    status_page = true
  }

  resource "handbook" {
    folder  = "handbook"
    include = ["**/*.md"]
  }

  resource "drafts" {
    folder = "/srv/handbook/drafts" # on the target; clients hear of changes
    watch  = true
  }

  tool "search" {
    description = "Finds the lines of the handbook that hold every word of the query."
    read_only   = true
    search { resources = ["handbook"] }
  }

  tool "propose" {
    description = "Proposes a change of the handbook."
    input "text" { type = string }
    static { text = "Thank you. Somebody will read it." }
  }

  prompt "proposal" {
    description = "Writes a proposal well."
    argument "idea" {}
    message { text = "Write this as a change of the handbook, in three sentences: ${input.idea}" }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = "https://${var.domain}/mcp"
}
