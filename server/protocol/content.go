package protocol

import (
	"encoding/base64"
	"encoding/json"
)

// Content is one piece of a tool's answer or of a prompt's message (MCP,
// server/tools, "Tool Result"). The functions of this file make each kind.
type Content struct {
	Type        string          `json:"type"` // text, image, audio, resource, resource_link
	Text        string          `json:"text,omitempty"`
	Data        string          `json:"data,omitempty"` // base64, of image and audio
	MIMEType    string          `json:"mimeType,omitempty"`
	URI         string          `json:"uri,omitempty"`         // of resource_link
	Name        string          `json:"name,omitempty"`        // of resource_link
	Title       string          `json:"title,omitempty"`       // of resource_link
	Description string          `json:"description,omitempty"` // of resource_link
	Size        *int64          `json:"size,omitempty"`        // of resource_link
	Resource    json.RawMessage `json:"resource,omitempty"`
	Annotations *Annotations    `json:"annotations,omitempty"`
	// Passed is the piece as another server wrote it, on one line, in place of all
	// of the above.
	Passed json.RawMessage `json:"-"`
}

// Annotations say for whom content or a resource is, and how much it matters
// (MCP, schema, "Annotations").
type Annotations struct {
	Audience     []string `json:"audience,omitempty"` // user, assistant
	Priority     *float64 `json:"priority,omitempty"` // from 0 to 1
	LastModified string   `json:"lastModified,omitempty"`
}

// Text is a piece of text.
func Text(s string) Content { return Content{Type: "text", Text: s} }

// Image is a picture.
func Image(data []byte, mimeType string) Content {
	return Content{Type: "image", Data: base64.StdEncoding.EncodeToString(data), MIMEType: mimeType}
}

// Audio is a recording.
func Audio(data []byte, mimeType string) Content {
	return Content{Type: "audio", Data: base64.StdEncoding.EncodeToString(data), MIMEType: mimeType}
}

// embedded is what a resource holds (MCP, schema, "ResourceContents").
type embedded struct {
	URI      string  `json:"uri"`
	MIMEType string  `json:"mimeType,omitempty"`
	Text     *string `json:"text,omitempty"`
	Blob     *string `json:"blob,omitempty"`
}

// EmbeddedText is a resource of text, content and all.
func EmbeddedText(uri, mimeType, text string) Content {
	return embed(embedded{URI: uri, MIMEType: mimeType, Text: &text})
}

// EmbeddedBlob is a resource of bytes, content and all.
func EmbeddedBlob(uri, mimeType string, data []byte) Content {
	blob := base64.StdEncoding.EncodeToString(data)
	return embed(embedded{URI: uri, MIMEType: mimeType, Blob: &blob})
}

func embed(e embedded) Content {
	raw, _ := json.Marshal(e) // strings always encode
	return Content{Type: "resource", Resource: raw}
}

// Link names a resource that the client can read.
func Link(uri, name string) Content { return Content{Type: "resource_link", URI: uri, Name: name} }

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

// PromptMessage is one message of a prompt, or of what a model is to go on from.
type PromptMessage struct {
	Role    string  `json:"role"` // user, assistant
	Content Content `json:"content"`
}

// PromptResult is the answer to prompts/get.
type PromptResult struct {
	Description string          `json:"description,omitempty"`
	Messages    []PromptMessage `json:"messages"`
}
