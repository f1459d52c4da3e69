# All that a server can serve: texts, pictures and sounds, programs, web services,
# documents, and prompts with arguments that complete themselves.
#
#   erlmcp apply
#   erlmcp call http://localhost:8080 tools/list

variable "collection" {
  description = "Web service with the museum's collection."
  type        = string
  default     = "https://collection.museum.example/api"
}

target "host" "here" {}

server "museum" {
  target       = target.host.here
  title        = "Museum"
  website      = "https://museum.example"
  description  = "What a visitor, or a guide, asks of a museum."
  instructions = "Rooms are resources, museum://rooms/NAME.md. Look there before you ask the collection."

  icon {
    src       = "data:image/png;base64,${filebase64("media/sun.png")}"
    mime_type = "image/png"
    sizes     = ["8x8"]
    theme     = "light"
  }

  # ── Answers that are written here ──────────────────────────────────────────

  tool "opening_hours" {
    description = "When the museum is open on a day."
    read_only   = true

    input "day" {
      type        = string
      description = "A day of the week."
      enum        = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
      default     = "Saturday"
    }

    # Clients that read structured answers get an object, others the text.
    output_schema = jsonencode({
      type       = "object"
      required   = ["day", "open"]
      properties = { day = { type = "string" }, open = { type = "boolean" } }
    })
    static {
      text       = input.day == "Monday" ? "Closed on Mondays." : "Open from 10 to 18."
      structured = jsonencode({ day = input.day, open = input.day != "Monday" })
    }
  }

  # Pieces of content, each with whom it is for and how much it matters.
  tool "sun" {
    title       = "The sun stone"
    description = "Shows the most visited piece of the collection."
    read_only   = true
    icon { src = "https://museum.example/icons/sun.svg" }

    static {
      content {
        text     = "The sun stone stands in room 1."
        audience = ["user", "assistant"]
        priority = 1
      }
      content {
        image {
          data      = filebase64("media/sun.png")
          mime_type = "image/png"
        }
        audience = ["user"]
      }
      content {
        audio {
          data      = filebase64("media/gong.wav")
          mime_type = "audio/wav"
        }
        priority = 0.2
      }
      content {
        resource {
          uri       = "museum://labels/sun"
          mime_type = "text/markdown"
          text      = "**Sun stone.** Basalt. Found when a cellar was dug."
        }
      }
      content {
        resource {
          uri       = "museum://pictures/sun"
          mime_type = "image/png"
          data      = filebase64("media/sun.png")
        }
      }
      content {
        resource_link {
          uri         = "museum://rooms/sculpture.md"
          name        = "sculpture"
          title       = "Room 1"
          description = "Where it stands."
          mime_type   = "text/markdown"
        }
      }
    }
  }

  # What the model may not do here, it is told, in words that help it on.
  tool "buy_ticket" {
    description = "Buys a ticket."
    static {
      error = true
      text  = "Tickets are sold at the desk only; opening_hours tells when."
    }
  }

  # ── Programs ───────────────────────────────────────────────────────────────

  tool "label" {
    description = "Breaks a text into the lines of a label for the wall."
    read_only   = true
    idempotent  = true
    open_world  = false
    task        = "optional" # clients that know tasks need not wait

    input "text" {
      type       = string
      min_length = 1
      max_length = 2000
    }
    input "width" {
      type     = integer
      minimum  = 20
      maximum  = 120
      required = false
    }

    exec {
      command      = ["/usr/bin/fold", "-s", "-w", "${coalesce(input.width, 60)}"]
      stdin        = input.text
      dir          = "/tmp"
      env          = { LC_ALL = "C.UTF-8" }
      timeout      = "5s"
      output_limit = "64KB"
      error_exits  = true
    }
  }

  # ── Web services ───────────────────────────────────────────────────────────

  # Optional arguments are sent when they are there: ?artist=…&period=from,1900&tag=a&tag=b
  tool "find_works" {
    description = "Finds works in the collection."
    read_only   = true
    open_world  = true

    input "artist" {
      type     = string
      required = false
    }
    input "tags" {
      type     = array
      items    = string
      required = false
    }
    input "years" {
      type        = object
      description = "Years in which it was made, such as {\"from\": 1880, \"to\": 1900}."
      required    = false
    }
    input "language" {
      type    = string
      pattern = "^[a-z]{2}$"
      default = "en"
    }

    http {
      url            = "${var.collection}/works"
      timeout        = "5s"
      response_limit = "256KB"
      redirects      = 2

      parameter "artist" {}
      parameter "tags" {
        name    = "tag"
        style   = "form"
        explode = true
      }
      parameter "years" {
        explode = true
        keys    = ["from", "to"]
      }
      parameter "language" {
        in   = "header"
        name = "Accept-Language"
      }
    }
  }

  tool "note" {
    description = "Notes what a visitor has said of a work."
    input "work" { type = integer }
    input "text" { type = string }

    http {
      method  = "POST"
      url     = "${var.collection}/works/${input.work}/notes"
      headers = { Accept = "application/json" }
      body    = jsonencode({ text = input.text, from = "mcp" })
    }
  }

  # The schema of the arguments, whole, and one of them as the body: a form with a
  # file, which the model gives in base64.
  tool "add_photo" {
    description = "Adds a visitor's photo to a work."
    input_schema = jsonencode({
      type     = "object"
      required = ["work", "form"]
      properties = {
        work = { type = "integer", minimum = 1 }
        form = {
          type       = "object"
          required   = ["caption", "photo"]
          properties = { caption = { type = "string" }, photo = { type = "string", contentEncoding = "base64" } }
        }
      }
    })

    http {
      method = "PUT"
      url    = "${var.collection}/works/${input.work}/photo"
      payload {
        argument = "form"
        as       = "multipart"
        files    = ["photo"]
      }
    }
  }

  tool "correct" {
    description = "Corrects what the collection says of a work, by a JSON Merge Patch."
    destructive = true
    input "work" { type = integer }
    input "changes" { type = object }

    http {
      method = "PATCH"
      url    = "${var.collection}/works/${input.work}"
      payload {
        argument = "changes"
        type     = "application/merge-patch+json"
      }
    }
  }

  # ── Documents ──────────────────────────────────────────────────────────────

  # Each file of the folder is one: museum://rooms/sculpture.md, …
  resource "rooms" {
    uri         = "museum://rooms"
    title       = "Rooms"
    description = "What hangs and stands in a room."
    folder      = "rooms"
    include     = ["*.md"]
    mime_type   = "text/markdown"
    audience    = ["user", "assistant"]
    priority    = 0.9
    icon { src = "https://museum.example/icons/room.svg" }
  }

  resource "rules" {
    title = "House rules"
    text  = "No flash. Bags go into the lockers. Ask before you touch."
  }

  # A file on the target, as it was when the server started.
  resource "machine" {
    file  = "/etc/os-release"
    watch = false
  }

  # Fetched when a client reads it, and kept as long as Cache-Control says.
  resource "programme" {
    title     = "What is on"
    mime_type = "text/markdown"
    http {
      url            = "https://museum.example/programme.md"
      headers        = { Accept = "text/markdown" }
      timeout        = "5s"
      response_limit = "128KB"
      redirects      = 1
    }
  }

  resource_template "work" {
    uri         = "museum://works/{id}"
    title       = "A work"
    description = "Where a work is described."
    mime_type   = "application/json"
    audience    = ["assistant"]
    priority    = 0.4
    icon { src = "https://museum.example/icons/work.svg" }

    argument "id" { complete = ["sun-stone", "blue-horse", "night-harbour"] }
    text = jsonencode({ id = input.id, page = "https://museum.example/works/${input.id}" })
  }

  tool "search_rooms" {
    description = "Finds the lines about rooms that hold every word of the query."
    read_only   = true
    search {
      resources = ["rooms"]
      limit     = 10
    }
  }

  # ── Prompts ────────────────────────────────────────────────────────────────

  prompt "tour" {
    title       = "A tour"
    description = "Plans a walk through the museum."
    icon { src = "https://museum.example/icons/tour.svg" }

    argument "interest" {
      title       = "Interest"
      description = "What the visitor likes."
      complete    = ["animals", "harbours", "stone"]
    }
    argument "minutes" {
      description = "How long the walk may take."
      required    = false
    }

    message {
      text = "Plan a walk of ${coalesce(input.minutes, "60")} minutes for somebody who likes ${input.interest}."
    }
    message {
      role = "assistant"
      text = "I begin with the rooms, and look for works that fit."
    }
  }

  prompt "describe" {
    description = "Describes the sun stone for somebody who does not see it."

    message {
      image {
        data      = filebase64("media/sun.png")
        mime_type = "image/png"
      }
    }
    message {
      audio {
        data      = filebase64("media/gong.wav")
        mime_type = "audio/wav"
      }
    }
    message {
      resource {
        uri  = "museum://labels/sun"
        text = "Sun stone. Basalt."
      }
    }
    message {
      resource_link {
        uri  = "museum://rooms/sculpture.md"
        name = "sculpture"
      }
    }
    message { text = "Describe what is seen and heard here, in three sentences." }
  }
}

output "url" {
  description = "Where MCP clients connect to."
  value       = server.museum.url
}
