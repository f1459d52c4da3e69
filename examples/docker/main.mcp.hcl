# The quickstart's server in a container: over TLS, with a rate limit.
#
#   erlmcp cert          # makes certs/: an authority and a server certificate
#   erlmcp apply
#   erlmcp call -ca certs/ca.pem https://localhost:8443 search query=restore

target "docker" "local" {}

server "runbooks" {
  target       = target.docker.local
  title        = "Runbooks"
  description  = "The runbooks of a small operations team."
  instructions = "Search the runbooks first, then read the one that fits."

  listen { port = 8443 }

  tls {
    certificate = file("certs/server.pem")
    key         = file("certs/server.key")

    # Who shows a certificate is known by its name; nobody has to.
    client_ca   = file("certs/ca.pem")
    client_auth = "optional"
  }

  rate_limit {
    requests_per_minute = 1000
    burst               = 100
  }

  limits {
    memory = "128MB"
    cpu    = 1
  }

  resource "runbooks" {
    folder      = "docs"
    include     = ["**/*.md"]
    description = "A runbook of the operations team."
  }

  tool "search" {
    title       = "Search the runbooks"
    description = "Finds the lines of the runbooks that hold every word of the query."
    read_only   = true

    search { resources = ["runbooks"] }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.runbooks.url
}
