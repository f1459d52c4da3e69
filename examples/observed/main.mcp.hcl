# A server that is seen from outside: health and a status page, metrics for
# Prometheus, traces and metrics for OpenTelemetry, and a log in a file. See
# README.md.

target "host" "here" {}

variable "collector" {
  type        = string
  default     = "http://localhost:4317"
  description = "Where an OpenTelemetry collector takes OTLP over gRPC."
}

server "observed" {
  target      = target.host.here
  title       = "Observed"
  description = "Watched from all sides."
  version     = "1.0.0"

  health {
    status_page = true
  }

  metrics {
    port      = 9090
    addresses = ["127.0.0.1:9464"]

    otlp {
      endpoint = var.collector
      interval = "15s"
    }
  }

  tracing {
    endpoint = var.collector
    resource = { "deployment.environment.name" = "demo" }
  }

  log {
    access = true

    file {
      path     = abspath("observed.log")
      format   = "json"
      max_size = "10MB"
      keep     = 3
    }
  }

  tool "greet" {
    description = "Says hello."
    input "name" { type = string }
    static { text = "Hello, ${input.name}!" }
  }

  # The trace of a call goes on to the web service in the header traceparent.
  tool "health" {
    description = "How this server is, as it tells itself."
    read_only   = true
    http { url = "http://127.0.0.1:8080/health" }
  }
}

output "page" {
  description = "The status page."
  value       = "http://127.0.0.1:8080/"
}
