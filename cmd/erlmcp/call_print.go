package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/engine/view"
)

// printResult writes the result of an MCP call for people.
func printResult(w io.Writer, s view.Style, result any) error {
	switch r := result.(type) {
	case *mcp.CallToolResult:
		if r.IsError {
			fmt.Fprintln(w, s.Paint(view.Red+";"+view.Bold, "The tool reports an error:"))
		}
		for _, c := range r.Content {
			content(w, s, c)
		}
	case *mcp.ReadResourceResult:
		for _, c := range r.Contents {
			contents(w, s, c)
		}
	case *mcp.GetPromptResult:
		for _, m := range r.Messages {
			fmt.Fprintf(w, "%s ", s.Paint(view.Bold, string(m.Role)+":"))
			content(w, s, m.Content)
		}
	case []*mcp.Tool:
		entries(w, s, "tool", r, func(t *mcp.Tool) (string, string) { return t.Name, first(t.Description, t.Title) })
	case []*mcp.Resource:
		entries(w, s, "resource", r, func(t *mcp.Resource) (string, string) { return t.URI, first(t.Description, t.Title, t.Name) })
	case []*mcp.ResourceTemplate:
		entries(w, s, "resource template", r, func(t *mcp.ResourceTemplate) (string, string) {
			return t.URITemplate, first(t.Description, t.Title, t.Name)
		})
	case []*mcp.Prompt:
		entries(w, s, "prompt", r, func(t *mcp.Prompt) (string, string) { return t.Name, first(t.Description, t.Title) })
	case struct{}:
		fmt.Fprintln(w, "ok")
	default:
		return view.JSON(w, r)
	}
	return nil
}

func content(w io.Writer, s view.Style, c mcp.Content) {
	switch c := c.(type) {
	case *mcp.TextContent:
		fmt.Fprintln(w, strings.TrimRight(c.Text, "\n"))
	case *mcp.ImageContent:
		fmt.Fprintln(w, s.Paint(view.Dim, fmt.Sprintf("[image, %s, %d bytes]", c.MIMEType, len(c.Data))))
	case *mcp.AudioContent:
		fmt.Fprintln(w, s.Paint(view.Dim, fmt.Sprintf("[audio, %s, %d bytes]", c.MIMEType, len(c.Data))))
	case *mcp.ResourceLink:
		fmt.Fprintln(w, c.URI)
	case *mcp.EmbeddedResource:
		contents(w, s, c.Resource)
	}
}

func contents(w io.Writer, s view.Style, c *mcp.ResourceContents) {
	if c.Blob != nil {
		fmt.Fprintln(w, s.Paint(view.Dim, fmt.Sprintf("[%s, %d bytes]", c.MIMEType, len(c.Blob))))
		return
	}
	fmt.Fprintln(w, strings.TrimRight(c.Text, "\n"))
}

// entries writes a list in two columns: a name, and the first line of what it is.
func entries[T any](w io.Writer, s view.Style, noun string, list []T, cells func(T) (name, about string)) {
	if len(list) == 0 {
		fmt.Fprintf(w, "The server has no %ss.\n", noun)
		return
	}
	width := 0
	for _, e := range list {
		name, _ := cells(e)
		width = max(width, len(name))
	}
	width = min(width, 48)
	for _, e := range list {
		name, about := cells(e)
		about, _, _ = strings.Cut(about, "\n")
		fmt.Fprintln(w, strings.TrimRight(s.Paint(view.Bold, fmt.Sprintf("%-*s", width, name))+"  "+about, " "))
	}
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
