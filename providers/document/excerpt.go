package document

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

const (
	excerptLines = 15
	excerptBytes = 4 << 10
)

// Excerpt is the end of a server's log for people to read: its last lines,
// with every marked value in v taken out of them.
func Excerpt(log []byte, v cty.Value) string {
	text := Clean(strings.ToValidUTF8(string(bytes.TrimSpace(log)), "?"), v)
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-excerptLines):]
	text = strings.Join(lines, "\n")
	if len(text) > excerptBytes {
		text = "…" + strings.ToValidUTF8(text[len(text)-excerptBytes:], "")
	}
	return text
}

// Clean is a text with every marked value in v taken out of it.
func Clean(text string, v cty.Value) string {
	for _, s := range secrets(v) {
		text = strings.ReplaceAll(text, s, "(sensitive)")
	}
	return text
}

// Indent sets an excerpt apart from the sentence before it, line by line, so that
// it is shown as it is.
func Indent(excerpt string) string {
	return "  " + strings.ReplaceAll(excerpt, "\n", "\n  ")
}

// secrets are the texts of the marked values in v, as they are, as JSON writes
// them, and line by line; longest first, so that none hides in another.
func secrets(v cty.Value) []string {
	if v == cty.NilVal {
		return nil
	}
	plain, marked := v.UnmarkDeepWithPaths()
	found := map[string]bool{}
	for _, m := range marked {
		at, err := m.Path.Apply(plain)
		if err != nil {
			continue
		}
		_ = cty.Walk(at, func(_ cty.Path, leaf cty.Value) (bool, error) {
			if leaf.Type() == cty.String && leaf.IsKnown() && !leaf.IsNull() {
				add(found, leaf.AsString())
			}
			return true, nil
		})
	}
	out := make([]string, 0, len(found))
	for s := range found {
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool {
		if len(out[i]) != len(out[j]) {
			return len(out[i]) > len(out[j])
		}
		return out[i] < out[j]
	})
	return out
}

func add(found map[string]bool, text string) {
	quoted, _ := json.Marshal(text)
	for _, s := range append(strings.Split(text, "\n"), text, string(bytes.Trim(quoted, `"`))) {
		if s = strings.TrimSpace(s); s != "" {
			found[s] = true
		}
	}
}
