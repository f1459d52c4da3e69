# A server on the open internet. See README.md for what it needs.

target "host" "here" {}

variable "domain" {
  type        = string
  description = "Name by which clients reach the server."
  default     = "mcp.example.com"
}

variable "issuer" {
  type        = string
  description = "URL of the authorization server."
  default     = "https://login.example.com"
}

variable "redis_url" {
  type        = string
  description = "Redis that replicas share their limits through, such as rediss://redis.example.com:6379/0; empty for one server alone."
  default     = ""
}

variable "redis_password" {
  type      = string
  sensitive = true
  default   = ""
}

server "public" {
  target = target.host.here
  title  = "Reports"

  listen {
    address = "0.0.0.0"
    port    = 443
    hosts   = [var.domain]
    origins = ["https://${var.domain}"]
  }

  tls {
    acme {
      domains = [var.domain]
      email   = "ops@${var.domain}"
      storage = abspath("acme")
    }
  }

  auth {
    oauth {
      issuer   = var.issuer
      audience = "https://${var.domain}/mcp"
      scopes   = ["mcp"]
      scope "reports" { tools = ["report"] }
    }
  }

  # Each client, and everybody together.
  rate_limit {
    requests_per_minute = 300
    burst               = 20
    dynamic "redis" {
      for_each = var.redis_url == "" ? [] : [var.redis_url]
      content {
        url        = redis.value
        username   = "mcp"
        password   = var.redis_password
        prefix     = "reports"
        timeout    = "50ms"
        on_failure = "open"
      }
    }
  }
  rate_limit {
    per                 = "server"
    requests_per_minute = 10000
  }

  # What is dear.
  rate_limit {
    per                 = "identity"
    tools               = ["report"]
    requests_per_minute = 6
  }

  limits {
    request_size   = "1MB"
    header_timeout = "5s"
    body_timeout   = "10s"
    connections    = 4000
    memory         = "512MB"
  }

  governor {
    intervene_at = 0.6
    refuse_at    = 0.85
    queue_wait   = "2s"
  }

  receipts {
    folder     = abspath("receipts")
    on_failure = "closed"
  }

  tool "status" {
    description = "Whether reports can be made."
    read_only   = true
    static { text = "They can." }
  }

  tool "report" {
    description = "Makes the report of a month."
    input "month" {
      type    = "string"
      pattern = "^[0-9]{4}-[0-9]{2}$"
    }
    static { text = "The report of ${input.month}." }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = "https://${var.domain}/mcp"
}
