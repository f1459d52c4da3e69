package resource

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// FormatPath writes a path as a user would write the reference:
// document.tool["forecast"].http.url, command[0].
func FormatPath(p cty.Path) string {
	var b strings.Builder
	for _, step := range p {
		switch s := step.(type) {
		case cty.GetAttrStep:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		case cty.IndexStep:
			b.WriteByte('[')
			b.WriteString(formatKey(s.Key))
			b.WriteByte(']')
		}
	}
	return b.String()
}

// formatKey writes an index. An element of a set has no index that a user
// could write.
func formatKey(k cty.Value) string {
	if k.IsKnown() && !k.IsNull() {
		switch k.Type() {
		case cty.String:
			return strconv.Quote(k.AsString())
		case cty.Number:
			return k.AsBigFloat().Text('f', -1)
		}
	}
	return "…"
}
