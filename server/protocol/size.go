package protocol

import "unicode/utf8"

// Large is the size in bytes from which it pays to know how long a result will be
// before it is written.
const Large = 64 << 10

// ToolResultSize is about how many bytes a result will have as JSON: exact enough
// for texts, which escapes can make six times as long. Results that are far below
// [Large] are not looked at closely.
func ToolResultSize(r *ToolResult) int {
	plain := len(r.StructuredContent)
	for i := range r.Content {
		c := &r.Content[i]
		plain += len(c.Text) + len(c.Data) + len(c.Resource)
	}
	if 6*plain < Large {
		return plain
	}
	size := plain
	for i := range r.Content {
		size += quoted(r.Content[i].Text) - len(r.Content[i].Text)
	}
	return size
}

// quoted is how long [AppendString] writes a text.
func quoted(s string) int {
	n := len(s) + 2
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				n += 2
			}
			i += size
			continue
		case c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t':
			n++
		case c < ' ':
			n += 5
		}
		i++
	}
	return n
}
