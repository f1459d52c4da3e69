package catalog

import (
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// Icon is a picture as clients are told of it (MCP, schema, "Icon").
type Icon struct {
	Src      string   `json:"src"`
	MIMEType string   `json:"mimeType,omitempty"`
	Sizes    []string `json:"sizes,omitempty"`
	Theme    string   `json:"theme,omitempty"`
}

// Icons are the icons of a block; nil when it has none.
func Icons(blocks []schemas.Icon) []Icon {
	var out []Icon
	for _, b := range blocks {
		out = append(out, Icon{b.Src, b.MIMEType, b.Sizes, b.Theme})
	}
	return out
}

// annotations are those of a resource; nil when it has none.
func annotations(audience []string, priority *float64) *protocol.Annotations {
	if len(audience) == 0 && priority == nil {
		return nil
	}
	return &protocol.Annotations{Audience: audience, Priority: priority}
}
