# A server whose logs, metrics and traces go to others: syslog, the journal and
# Elasticsearch, and a hosted OpenTelemetry collector that wants a key.
#
#   export ERLMCP_VAR_collector_key=… ERLMCP_VAR_elastic_key=…
#   erlmcp plan

variable "collector" {
  description = "Where the collector takes OTLP over HTTP."
  type        = string
  default     = "https://otlp.example.com"
}

variable "collector_key" {
  description = "Key of the collector."
  type        = string
  sensitive   = true
}

variable "elastic_key" {
  description = "Key of Elasticsearch."
  type        = string
  sensitive   = true
}

variable "ca" {
  description = "File of the authorities that sign the certificates of both, in PEM. Default: those of the system."
  type        = string
  default     = null
}

locals {
  ca = var.ca == null ? null : file(var.ca)
}

target "host" "here" {}

server "desk" {
  target  = target.host.here
  title   = "Help desk"
  version = "2.3.0"

  log {
    level   = "debug" # of a place that says nothing else
    format  = "json"
    console = false

    file {
      path    = abspath("desk.log")
      level   = "debug"
      format  = "text"
      max_age = "24h"
      keep    = 7
    }

    syslog {
      address  = "udp://logs.example.com:514"
      level    = "warn"
      facility = "local3"
      tag      = "help-desk"
    }

    journald {
      level = "info"
      tag   = "help-desk"
    }

    elasticsearch {
      url     = "https://elastic.example.com:9200"
      index   = "logs-mcp-desk"
      level   = "info"
      headers = { Authorization = "ApiKey ${var.elastic_key}" }
      ca      = local.ca
      flush   = "2s"
      buffer  = "8MB"
      timeout = "5s"
    }
  }

  metrics {
    enabled = true
    address = "0.0.0.0"
    port    = 9464
    path    = "/metrics"

    otlp {
      endpoint = var.collector
      protocol = "http"
      headers  = { "api-key" = var.collector_key }
      ca       = local.ca
      resource = { "deployment.environment.name" = "production" }
      timeout  = "5s"
      interval = "30s"
    }
  }

  # One trace in ten; all of those that a client has begun and wants kept.
  tracing {
    enabled      = true
    endpoint     = var.collector
    protocol     = "http"
    sample_ratio = 0.1
    headers      = { "api-key" = var.collector_key }
    ca           = local.ca
    resource     = { "deployment.environment.name" = "production" }
    timeout      = "5s"
  }

  tool "hours" {
    description = "When somebody is at the help desk."
    read_only   = true
    static { text = "Monday to Friday, 8 to 18" }
  }
}

output "metrics" {
  description = "What Prometheus scrapes."
  value       = server.desk.metrics_url
}

output "collector_key" {
  description = "That the key has changed is told, and nobody sees what it is."
  value       = var.collector_key
  sensitive   = true
}
