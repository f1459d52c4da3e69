# A server that is shut as far as it goes: client certificates or signed requests,
# rules about who may use what, and a bound for everything. What stands here as a
# limit is tighter than the default; most servers need a few of them.
#
#   erlmcp cert -client agent
#   export ERLMCP_VAR_batch_key=… ERLMCP_VAR_state_key=…     # erlmcp token makes some
#   erlmcp apply

variable "batch_key" {
  description = "Key that the batch system signs its requests with; at least 16 characters."
  type        = string
  sensitive   = true
}

variable "state_key" {
  description = "Secret that protects what clients carry between the rounds of a call."
  type        = string
  sensitive   = true
}

target "host" "here" {}

server "payroll" {
  target    = target.host.here
  title     = "Payroll"
  state_key = var.state_key

  # ── The front door ─────────────────────────────────────────────────────────

  listen {
    port     = 8443
    tcp_port = 5005 # raw JSON-RPC, for programs with a client certificate
    path     = "/payroll/mcp"
    hosts    = ["localhost", "127.0.0.1"]

    socket {
      backlog      = 256
      no_delay     = true
      read_buffer  = "128KB"
      write_buffer = "128KB"
      keep_alive   = "10s"
    }
  }

  # Files on the target, which are read again when they change. To show a
  # certificate is optional, as those who sign their requests have none.
  tls {
    certificate_file = abspath("certs/server.pem")
    key_file         = abspath("certs/server.key")
    client_ca_file   = abspath("certs/ca.pem")
    client_auth      = "optional"
    min_version      = "1.3"
  }

  # ── Who may use what ───────────────────────────────────────────────────────

  auth {
    mtls {
      common_names = ["agent"]
      dns_names    = ["*.agents.example.com"]
      uris         = ["spiffe://example.com/agents/*"]
    }
    hmac "batch" {
      secret = var.batch_key
      window = "30s"
    }

    allow {
      identities = ["cert:*"]
      tools      = ["payslip_*"]
      resources  = ["rules"]
      prompts    = ["*"]
    }
    allow {
      identities = ["hmac:batch"]
      tools      = ["run"]
    }
    # Whatever is allowed above.
    deny {
      identities = ["cert:intern*"]
      tools      = ["payslip_of"]
    }
  }

  # ── How much, how often, how long ──────────────────────────────────────────

  rate_limit {
    requests_per_minute = 120
    burst               = 4
    cleanup_interval    = "30s"
  }
  rate_limit {
    per                 = "tool"
    tools               = ["run"]
    identities          = ["hmac:*"]
    requests_per_minute = 2
  }

  limits {
    # What comes in, and what goes out.
    request_size  = "64KB"
    response_size = "256KB"
    header_size   = "8KB"
    json_depth    = 16

    # How many at once.
    connections = 500
    sessions    = 500
    workers     = 8
    queue       = 32
    tasks       = 4

    # How long.
    header_timeout = "3s"
    body_timeout   = "5s"
    write_timeout  = "10s"
    idle_timeout   = "1m"
    call_timeout   = "20s"
    answer_timeout = "2m"
    session_ttl    = "10m"
    task_ttl       = "30m"
    drain_timeout  = "5s"

    # What the target gives it.
    memory    = "128MB"
    cpu       = 0.5
    processes = 64
  }

  # Work is shed early, and taken again late.
  governor {
    enabled      = true
    intervene_at = 0.5
    refuse_at    = 0.8
    queue_wait   = "1s"
    hold         = "3s"
  }

  # ── What has happened ──────────────────────────────────────────────────────

  # Nothing is answered that cannot be recorded.
  receipts {
    folder     = abspath("receipts")
    key_file   = abspath("receipts.key")
    sign_every = "5s"
    file_size  = "16MB"
    keep       = 100
    contents   = false # digests alone: payslips have no place there
    on_failure = "closed"
  }

  # ── What is served ─────────────────────────────────────────────────────────

  tool "payslip_of" {
    description = "The payslip of somebody, for a month."
    read_only   = true
    input "person" {
      type    = string
      pattern = "^[a-z]{2,20}$"
    }
    static { text = "${input.person}: 2,400.00" }
  }

  tool "run" {
    description = "Runs the payroll of this month."
    destructive = true
    idempotent  = true
    task        = "optional"
    static { text = "Paid." }
  }

  resource "rules" { text = "Payslips are for those whose they are." }

  prompt "explain" {
    description = "Explains a payslip."
    argument "person" {}
    message { text = "Explain the payslip of ${input.person} to them, line by line." }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.payroll.url
}
