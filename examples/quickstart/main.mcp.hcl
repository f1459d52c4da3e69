# An MCP server over a folder of documents, on this machine.
#
#   erlmcp apply
#   erlmcp call http://localhost:8080 search query=restore

target "host" "here" {}

server "quickstart" {
  target       = target.host.here
  title        = "Runbooks"
  description  = "The runbooks of a small operations team."
  instructions = "Search the runbooks first, then read the one that fits."

  # Each file of the folder is a resource: erlmcp://runbooks/backups.md, …
  # The folder is shipped with the server; an edit shows in the next plan.
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

  prompt "incident" {
    description = "How to begin with an incident."

    argument "symptom" { description = "What is seen, in a sentence." }

    message {
      text = "We see this: ${input.symptom}. Search the runbooks, then say what to check first, in order."
    }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.quickstart.url
}
