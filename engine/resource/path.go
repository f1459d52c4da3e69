package resource

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// FormatPath writes a path as a user would write the reference:
// document.tool.forecast.http.url, files["docs/a.md"], command[0].
func FormatPath(p cty.Path) string {
	var b strings.Builder
	for _, step := range p {
		switch s := step.(type) {
		case cty.GetAttrStep:
			if quoted := strconv.Quote(s.Name); b.Len() > 0 && !isName(quoted) && s.Name != "" {
				b.WriteString("[" + quoted + "]")
				continue
			}
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Name)
		case cty.IndexStep:
			if k := formatKey(s.Key); b.Len() > 0 && isName(k) {
				b.WriteString("." + k[1:len(k)-1])
			} else {
				b.WriteString("[" + k + "]")
			}
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

// isName reports whether a quoted key is an identifier, and can be written as
// an attribute.
func isName(quoted string) bool {
	if len(quoted) < 3 || quoted[0] != '"' {
		return false
	}
	for i, r := range quoted[1 : len(quoted)-1] {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}
