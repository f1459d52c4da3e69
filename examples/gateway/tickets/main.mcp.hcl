# A small ticket server, which the gateway runs over standard input and output.

server "tickets" {
  tool "open" {
    description = "Opens a ticket."
    input "title" {
      type       = string
      max_length = 200
    }
    static { text = "Ticket opened: ${input.title}" }
  }

  tool "count" {
    description = "How many tickets are open."
    read_only   = true
    static { text = "3" }
  }

  tool "delete_all" {
    description = "Deletes all tickets."
    destructive = true
    static { text = "All tickets are gone." }
  }

  prompt "triage" {
    description = "How to sort a new ticket."
    argument "title" {}
    message { text = "How urgent is this ticket, from 1 to 4, and why? ${input.title}" }
  }
}
