# Servers on a platform team's clusters: in through a Gateway or an Ingress, on nodes
# of their own, scaled by what they queue, with volumes, and with the settings that
# such teams ask for. See clusters.mcp.hcl for the clusters.
#
#   erlmcp init -backend-config=staging.kubernetes.hcl
#   erlmcp plan -var cluster=staging

erlmcp {
  # The state lies in a cluster too. Which: staging.kubernetes.hcl, here.kubernetes.hcl
  backend "kubernetes" {
    name      = "platform"
    namespace = "erlmcp"
  }
}

server "search" {
  target = local.cluster
  title  = "Search"

  lifecycle { prevent_destroy = true }

  # Three to twelve copies, by processor, memory, calls that wait, and the length of
  # a queue outside of the cluster.
  scale {
    min    = 3
    max    = 12
    cpu    = 70
    memory = 80

    metric "erlmcp_queue_depth" { average = "10" }
    metric "crawler_backlog" {
      source  = "external"
      average = "500"
      labels  = { queue = "crawler" }
    }
  }

  # Never fewer than there should be, and a quarter more while it changes. What fails
  # is left to be looked at.
  rollout {
    strategy        = "rolling"
    max_unavailable = 0
    max_surge       = "25%"
    drain_timeout   = "20s"
    auto_rollback   = false
  }
  limits {
    memory        = "256MB"
    cpu           = 1
    drain_timeout = "30s"
  }

  kubernetes {
    sticky = false # no client of this one keeps a session

    gateway {
      name      = "edge"
      namespace = "gateways"
      listener  = "https"
      hostnames = ["search.mcp.example.com"]
      scheme    = "https"
    }

    pod_monitor {
      interval = "30s"
      labels   = { release = "prometheus" }
    }

    # On the nodes for such work, spread over zones.
    node_selector = { "example.com/pool" = "mcp" }
    spread        = ["topology.kubernetes.io/zone"]
    toleration {
      key      = "example.com/pool"
      operator = "Equal"
      value    = "mcp"
      effect   = "NoSchedule"
    }
    toleration {
      key      = "node.kubernetes.io/unreachable"
      operator = "Exists"
      effect   = "NoExecute"
      seconds  = 30
    }
    priority_class = "mcp"

    pod_annotations     = { "example.com/team" = "search" }
    account_annotations = { "iam.example.com/role" = "mcp-search" }
    image_pull_secrets  = ["registry"]

    # What has no word of its own.
    patch {
      kind  = "Deployment"
      merge = { spec = { minReadySeconds = 10 } }
    }
  }

  tool "search" {
    description = "Finds pages."
    read_only   = true
    input "query" { type = string }
    http { url = "http://index.search.svc/v1?q=${input.query}" }
  }
}

# One that keeps data: its receipts have a volume, which outlives it.
server "payments" {
  target = local.cluster
  title  = "Payments"

  receipts { folder = "/data/receipts" }

  kubernetes {
    service_type        = "ClusterIP"
    service_annotations = { "example.com/scheme" = "internal" }

    storage {
      path  = "/data/receipts"
      size  = "20Gi"
      class = "encrypted"
      keep  = true
    }

    ingress {
      host        = "payments.mcp.example.com"
      class       = "nginx"
      tls_secret  = "payments-tls"
      annotations = { "nginx.ingress.kubernetes.io/proxy-read-timeout" = "3600" }
    }
  }

  tool "status" {
    description = "How a payment stands."
    read_only   = true
    input "id" { type = string }
    http { url = "http://ledger.payments.svc/v1/payments/${input.id}" }
  }
}

output "urls" {
  description = "Where MCP clients connect to."
  value       = { search = server.search.url, payments = server.payments.url }
}
