# A server that asks who calls, shows each client what it may use, and keeps
# receipts of it. See README.md for the two tokens.

target "host" "here" {}

variable "ops_sha256" {
  type        = string
  description = "Hash of the token of the operators; erlmcp token prints it."
}

variable "ci_sha256" {
  type        = string
  description = "Hash of the token of the build server."
}

server "guarded" {
  target = target.host.here
  title  = "Deployments"

  auth {
    bearer "ops" { sha256 = var.ops_sha256 }
    bearer "ci" { sha256 = var.ci_sha256 }

    allow { identities = ["bearer:ops"] }
    allow {
      identities = ["bearer:ci"]
      tools      = ["status"]
    }
  }

  rate_limit {
    requests_per_minute = 300
    burst               = 20
  }

  receipts {
    folder = abspath("receipts")
  }

  tool "status" {
    description = "What runs where."
    read_only   = true
    static { text = "web 1.4.2, since Tuesday" }
  }

  tool "restart" {
    description = "Restarts a service."
    destructive = true
    input "service" { type = string }
    static { text = "${input.service} was restarted." }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.guarded.url
}
