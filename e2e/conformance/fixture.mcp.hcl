# The server that the public conformance suite is run against: what HCL can
# express. Tools that talk to their client stand in tools_test.go.

server "conformance" {
  title        = "Conformance fixture"
  version      = "1.0.0"
  description  = "Offers what the MCP conformance suite asks for."
  instructions = "Made for tests."

  listen { port = 0 }
  metrics { enabled = false }

  icon {
    src       = "data:image/png;base64,${filebase64("pixel.png")}"
    mime_type = "image/png"
    sizes     = ["1x1"]
  }

  tool "test_simple_text" {
    description = "Answers with a text"
    static { text = "This is a simple text response for testing." }
  }

  tool "test_image_content" {
    description = "Answers with a picture"
    static {
      content {
        image {
          data      = filebase64("pixel.png")
          mime_type = "image/png"
        }
      }
    }
  }

  tool "test_audio_content" {
    description = "Answers with a recording"
    static {
      content {
        audio {
          data      = filebase64("silence.wav")
          mime_type = "audio/wav"
        }
      }
    }
  }

  tool "test_embedded_resource" {
    description = "Answers with a resource"
    static {
      content {
        resource {
          uri  = "test://embedded-resource"
          text = "This is an embedded resource content."
        }
      }
    }
  }

  tool "test_multiple_content_types" {
    description = "Answers with several kinds of content"
    static {
      content { text = "Multiple content types test:" }
      content {
        image {
          data      = filebase64("pixel.png")
          mime_type = "image/png"
        }
      }
      content {
        resource {
          uri       = "test://mixed-content-resource"
          mime_type = "application/json"
          text      = jsonencode({ test = "data", value = 123 })
        }
      }
    }
  }

  tool "test_error_handling" {
    description = "Answers with an error"
    static {
      text  = "This tool intentionally returns an error for testing"
      error = true
    }
  }

  tool "greet" {
    description = "Greets"
    input "name" { type = string }
    static { text = "Hello, ${input.name}!" }
  }

  tool "json_schema_2020_12_tool" {
    description  = "Tool with JSON Schema 2020-12 features"
    input_schema = file("schema.json")
    static { text = "ok" }
  }

  tool "test_header" {
    description = "Has an argument that clients repeat in a header"
    input_schema = jsonencode({
      type       = "object"
      properties = { region = { type = "string", "x-mcp-header" = "Region" } }
    })
    static { text = "region ${input.region}" }
  }

  resource "static-text" {
    uri         = "test://static-text"
    description = "A text"
    text        = "This is the content of the static text resource."
  }

  resource "static-binary" {
    uri         = "test://static-binary"
    description = "A picture"
    file        = "pixel.png"
  }

  resource "watched-resource" {
    uri         = "test://watched-resource"
    description = "A file that is watched"
    file        = "schema.json"
  }

  resource_template "data" {
    uri         = "test://template/{id}/data"
    description = "Data by id"
    mime_type   = "application/json"
    text        = jsonencode({ id = input.id, templateTest = true, data = "Data for ID: ${input.id}" })
    argument "id" { complete = ["1", "2", "123"] }
  }

  prompt "test_simple_prompt" {
    description = "A prompt without arguments"
    message { text = "This is a simple prompt for testing." }
  }

  prompt "test_prompt_with_arguments" {
    description = "A prompt with arguments"
    argument "arg1" {
      description = "First test argument"
      complete    = ["test", "testing", "paris", "park", "party"]
    }
    argument "arg2" { description = "Second test argument" }
    message { text = "Prompt with arguments: arg1='${input.arg1}', arg2='${input.arg2}'" }
  }

  prompt "test_prompt_with_embedded_resource" {
    description = "A prompt with a resource"
    argument "resourceUri" { description = "URI of the resource to embed" }
    message {
      resource {
        uri  = input.resourceUri
        text = "Embedded resource content for testing."
      }
    }
    message { text = "Please process the embedded resource above." }
  }

  prompt "test_prompt_with_image" {
    description = "A prompt with a picture"
    message {
      image {
        data      = filebase64("pixel.png")
        mime_type = "image/png"
      }
    }
    message { text = "Please analyze the image above." }
  }
}
