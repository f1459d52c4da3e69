# A fleet: a server for each team, two that share a load, and one that stands in front
# of them, on a simulated world, where all of this can be tried without a machine.
#
#   erlmcp apply
#   erlmcp apply -var 'teams={ data = { port = 8301 } }'
#   erlmcp apply -var world=here

erlmcp {
  # As without the block: the state is in .erlmcp. See docs/state.md for others.
  backend "local" {}
}

variable "world" {
  description = "Where the fleet lives: simulated, or on this machine (here)."
  type        = string
  default     = "simulated"
  nullable    = false

  validation {
    condition     = contains(["simulated", "here"], var.world)
    error_message = "The world is simulated or here."
  }
}

variable "teams" {
  description = "Teams, with the port of each, and whether their server is closed for now."
  type        = map(object({ port = number, closed = optional(bool, false) }))
  default = {
    data = { port = 8201 }
    web  = { port = 8202 }
    ops  = { port = 8203, closed = true }
  }

  validation {
    condition     = length(var.teams) > 0
    error_message = "A fleet has at least one team."
  }
  validation {
    condition     = length(distinct([for t in values(var.teams) : t.port])) == length(var.teams)
    error_message = "Each team needs a port of its own."
  }
}

target "sim" "simulated" {
  file    = "world.json"
  latency = "50ms"
}

target "host" "here" {
  root = abspath("servers") # instead of /var/lib/erlmcp
}

locals {
  world = { simulated = target.sim.simulated, here = target.host.here }[var.world]
}

# One for each team. What a team says of itself is in the folder teams.
server "team" {
  for_each = { for name, t in var.teams : name => t if !t.closed }
  target   = local.world
  title    = "Team ${each.key}"

  listen { port = each.value.port }
  metrics { enabled = false }

  resource "about" {
    text = templatefile("teams/about.md.tmpl", { team = each.key })
  }

  tool "ask" {
    description = "Finds what the team says of itself."
    search {}
  }
}

# Two alike.
server "translator" {
  count  = 2
  target = local.world

  listen { port = 8210 + count.index }
  metrics { enabled = false }

  tool "translate" {
    description = "Translates a word."
    input "word" { type = string }
    static { text = "${input.word}, in translator ${count.index + 1}" }
  }
}

# In front of all of them. What it mentions is applied before it; the translators,
# which it does not mention, are as well.
server "directory" {
  target     = local.world
  depends_on = [server.translator]
  title      = "Directory"

  listen { port = 8200 }
  metrics { enabled = false }

  # What a certificate costs can be tried too: nobody vouches for this one.
  tls {
    development { names = ["localhost"] }
  }

  tool "teams" {
    description = "Where the teams are."
    read_only   = true
    static { text = join("\n", [for name, s in server.team : "${name}: ${s.url}"]) }
  }
}

# Kept for next year; its block stays.
server "anniversary" {
  enabled = false
  target  = local.world

  tool "programme" {
    static { text = "Cake." }
  }
}

check "room-to-grow" {
  assert {
    condition     = length(server.team) < 20
    error_message = "With ${length(server.team)} teams it is time for a second directory."
  }
}

output "teams" {
  description = "Where each team's server is."
  value       = { for name, s in server.team : name => s.url }
}
