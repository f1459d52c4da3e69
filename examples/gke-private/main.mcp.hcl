# A cluster as a security team asks for it: private nodes and control plane, networks
# that may reach it, windows for maintenance, and pools of nodes for different work.
#
#   erlmcp plan -var project=acme-prod

variable "project" {
  description = "Project in which everything is made."
  type        = string
}

variable "location" {
  description = "Region of the cluster."
  type        = string
  default     = "europe-west1"
}

target "gke" "private" {
  project          = var.project
  location         = var.location
  name             = "private"
  namespace        = "mcp"
  create_namespace = true
  prefix           = "mcp"
  registry         = "${var.location}-docker.pkg.dev/${var.project}/tools/erlmcp"

  # Who asks: this account, by way of workload identity federation, at the expense of
  # another project, and by private endpoints of Google's APIs.
  credentials                 = "federation.json"
  impersonate_service_account = "deployer@${var.project}.iam.gserviceaccount.com"
  quota_project               = "acme-quota"
  container_endpoint          = "https://container-acme.p.googleapis.com"
  compute_endpoint            = "https://compute-acme.p.googleapis.com"
  private_endpoint            = true

  cluster {
    mode                = "standard"
    release_channel     = "stable"
    deletion_protection = true
    workload_identity   = true
    labels              = { team = "platform", cost-center = "4711" }
    zones               = ["${var.location}-b", "${var.location}-c"]

    network             = "prod"
    subnetwork          = "prod-${var.location}"
    pods_range          = "pods"
    services_range      = "services"
    private_nodes       = true
    control_plane_cidr  = "172.16.0.0/28"
    authorized_networks = { vpn = "10.8.0.0/16", pipeline = "10.9.4.0/28" }

    maintenance {
      daily = "02:00"
      exclusion "year-end" {
        start = "2026-12-15T00:00:00Z"
        end   = "2027-01-05T00:00:00Z"
        scope = "no_upgrades"
      }
    }

    node_pool "serving" {
      machine_type    = "n2d-standard-2"
      disk_size       = 50
      nodes           = 2
      service_account = "nodes@${var.project}.iam.gserviceaccount.com"
      labels          = { pool = "serving" }
      tags            = ["mcp"]
      max_surge       = 1
      max_unavailable = 0
      auto_repair     = true
      auto_upgrade    = true
    }

    # Cheap machines that may be taken away, for what can wait.
    node_pool "batch" {
      machine_type = "n2d-standard-4"
      zones        = ["${var.location}-b"]
      spot         = true
      min_nodes    = 0
      max_nodes    = 6
      taint {
        key    = "batch"
        value  = "yes"
        effect = "NoSchedule"
      }
    }
  }

  firewall "health-checks" {
    sources  = ["35.191.0.0/16", "130.211.0.0/22"]
    allow    = ["tcp:8080"]
    targets  = ["mcp"]
    priority = 900
  }
}

# A cluster that is there already, reached through a proxy, with an image that it has.
target "gke" "shared" {
  project  = "acme-shared"
  location = var.location
  name     = "shared"
  endpoint = "https://gke-proxy.corp.example"
  ca       = var.shared.ca
  token    = var.shared.token
  image    = "${var.location}-docker.pkg.dev/acme-shared/tools/erlmcp:1"
  arch     = "arm64"
  force    = true # fields of the tool that was used before are taken over
}

variable "shared" {
  description = "Token for the proxy of the shared cluster, and what vouches for it, in PEM."
  type        = object({ token = string, ca = string })
  default     = { token = "", ca = "" }
  sensitive   = true
}

variable "where" {
  description = "In which of the two clusters the server runs."
  type        = string
  default     = "private"

  validation {
    condition     = contains(["private", "shared"], var.where)
    error_message = "The clusters are private and shared."
  }
}

server "reports" {
  target = { private = target.gke.private, shared = target.gke.shared }[var.where]
  title  = "Reports"

  gke {
    domain = "reports.mcp.example.com"
    ssl_policy {
      profile = "MODERN"
      min_tls = "1.2"
    }
  }

  scale { replicas = 2 }

  kubernetes { node_selector = { pool = "serving" } }

  tool "report" {
    description = "The report of a month."
    input "month" {
      type    = string
      pattern = "^[0-9]{4}-[0-9]{2}$"
    }
    static { text = "The report of ${input.month}." }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.reports.url
}
