# One server in front of others that are not trusted all the same: a partner's, a
# program of a third party, and an older web service. What they offer is chosen,
# renamed and bounded, and they reach clients only as far as it says here.
#
#   erlmcp cert -client office     # stands in for the ledger's certificates
#   export ERLMCP_VAR_partner_token=… ERLMCP_VAR_archive_password=…
#   erlmcp plan

variable "partner_token" {
  description = "Token for the partner's server."
  type        = string
  sensitive   = true
}

variable "archive_password" {
  description = "Password of the archive's account mcp."
  type        = string
  sensitive   = true
}

target "host" "here" {}

server "office" {
  target = target.host.here
  title  = "Office"

  # A partner's server: some tools, under names of our own, and none of its prompts.
  # It may ask our users for what a form needs, but neither their model nor their
  # folders.
  upstream "partner" {
    http {
      url     = "https://mcp.partner.example/mcp"
      token   = var.partner_token
      headers = { "X-Tenant" = "acme" }
      ca_file = "/etc/ssl/partner-root.pem"
    }
    prefix = "partner_"
    tools {
      include = ["quote", "order_*"]
      exclude = ["order_delete"]
      rename  = { quote = "get_quote" }
    }
    prompts { exclude = ["*"] }
    resources {
      include = ["catalogue://*"]
      exclude = ["catalogue://internal/*"]
    }
    sampling    = false
    elicitation = true
    roots       = false

    timeout        = "15s"
    start_timeout  = "5s"
    response_limit = "1MB"
    concurrency    = 8
  }

  # The ledger knows its clients by their certificates.
  upstream "ledger" {
    http {
      url         = "https://ledger.corp.example/mcp"
      ca          = file("certs/ca.pem")
      certificate = file("certs/client.pem")
      key         = file("certs/client.key")
    }
    tools { include = ["balance"] }
    prompts {
      include = ["statement"]
      rename  = { statement = "ledger_statement" }
    }
  }

  # The same, with files on the target, which are read again when they change.
  upstream "ledger_archive" {
    http {
      url              = "https://ledger-archive.corp.example/mcp"
      ca_file          = "/etc/erlmcp/corp.pem"
      certificate_file = "/etc/erlmcp/office.pem"
      key_file         = "/etc/erlmcp/office.key"
    }
    prefix = "archive_"
  }

  # A program of a third party: it sees the environment that is given here, and asks
  # about one call at a time, so that it is clear whose user it asks.
  upstream "notes" {
    stdio {
      command = ["/opt/notes/bin/notes-mcp", "--read-only"]
      dir     = "/srv/notes"
      env     = { PATH = "/usr/bin", NOTES_HOME = "/srv/notes" }
    }
    prefix      = "notes_"
    concurrency = 1
  }

  # A web service with a name and a password. What it answers does not always keep to
  # its document, so that no schema is made of that.
  openapi "archive" {
    document   = file("archive.yaml")
    url        = "https://archive.corp.example/v1"
    prefix     = "file_"
    structured = false
    headers    = { "X-Client" = "mcp-office" }

    include {
      operations = ["find*"]
      paths      = ["/boxes/*"]
    }
    security "desk" {
      user     = "mcp"
      password = var.archive_password
    }

    timeout        = "20s"
    response_limit = "512KB"
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.office.url
}
