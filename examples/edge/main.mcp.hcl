# The same server on small machines at several sites, each with a Docker engine.
#
#   erlmcp plan
#   erlmcp plan -target 'server.floor["lyon"]'

variable "engines" {
  description = "The Docker engine of each site, such as \"tcp://10.1.0.5:2376\". Default: that of this machine, for all of them."
  type        = map(string)
  default     = {}
}

variable "arch" {
  description = "Processor architecture of the machines."
  type        = string
  default     = "arm64"
}

variable "network" {
  description = "Network in which the machines' containers reach the sensors. Default: one of its own."
  type        = string
  default     = null
}

target "docker" "lyon" {
  host    = try(var.engines["lyon"], null)
  arch    = var.arch
  network = var.network
  prefix  = "floor-lyon"
}

target "docker" "turin" {
  host    = try(var.engines["turin"], null)
  arch    = var.arch
  network = var.network
  prefix  = "floor-turin"
}

server "floor" {
  for_each = {
    lyon  = { target = target.docker.lyon, port = 8301 }
    turin = { target = target.docker.turin, port = 8302 }
  }
  target = each.value.target
  title  = "Shop floor ${each.key}"

  listen {
    address = "0.0.0.0"
    port    = each.value.port
    hosts   = ["floor.${each.key}.example.com", "localhost"]
  }
  metrics { enabled = false }

  limits {
    memory    = "64MB"
    cpu       = 0.25
    processes = 32
  }

  tool "temperature" {
    description = "How warm it is in the hall."
    read_only   = true
    http { url = "http://sensors:8080/temperature?site=${each.key}" }
  }
}

output "urls" {
  description = "Where MCP clients connect to."
  value       = { for site, s in server.floor : site => s.url }
}
