package protocol

import "encoding/json"

// Content is one piece of a tool's answer or of a prompt's message (MCP,
// server/tools, "Tool Result").
type Content struct {
	Type     string          `json:"type"` // text, image, audio, resource, resource_link
	Text     string          `json:"text,omitempty"`
	Data     string          `json:"data,omitempty"` // base64, of image and audio
	MIMEType string          `json:"mimeType,omitempty"`
	URI      string          `json:"uri,omitempty"`  // of resource_link
	Name     string          `json:"name,omitempty"` // of resource_link
	Resource json.RawMessage `json:"resource,omitempty"`
}

// Text is a piece of text.
func Text(s string) Content { return Content{Type: "text", Text: s} }

// ToolResult is the answer to tools/call. An error of the tool itself is a
// result with IsError, which the model sees, not a protocol error.
type ToolResult struct {
	Content           []Content       `json:"content"`
	StructuredContent json.RawMessage `json:"structuredContent,omitempty"`
	IsError           bool            `json:"isError,omitempty"`
}

// ErrorResult is a result that tells the model what went wrong.
func ErrorResult(text string) *ToolResult {
	return &ToolResult{Content: []Content{Text(text)}, IsError: true}
}
