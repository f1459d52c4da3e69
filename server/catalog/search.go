package catalog

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/erlmcp/erlmcp/server/backend"
)

// maxLine is the most bytes of a line that a match shows.
const maxLine = 400

// Search finds the lines of the named resource blocks (all, when names is empty)
// that hold every word of query, whatever the case. Resources that are not text,
// too large, or not readable are passed over.
func (c *Catalog) Search(ctx context.Context, query string, names []string, limit int) ([]backend.Match, error) {
	words := strings.Fields(strings.ToLower(query))
	if len(words) == 0 {
		return nil, nil
	}
	var out []backend.Match
	for _, r := range c.resources {
		if len(names) > 0 && !slices.Contains(names, r.name) {
			continue
		}
		paths := []file{{}}
		if r.folder() {
			paths = c.files(r)
		}
		for _, f := range paths {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			if f.size > c.maxSize {
				continue
			}
			data, _, err := c.load(ctx, r, f.path)
			if err != nil || !isText(data) {
				continue
			}
			uri := r.uri
			if r.folder() {
				uri = r.uriOf(f.path)
			}
			if out = matches(out, uri, data, words, limit); len(out) >= limit {
				return out, nil
			}
		}
	}
	return out, nil
}

// matches appends the lines of data that hold every word, up to limit in all.
func matches(out []backend.Match, uri string, data []byte, words []string, limit int) []backend.Match {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		lower := strings.ToLower(string(line))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(lower, w) }) {
			out = append(out, backend.Match{URI: uri, Line: number, Text: clip(strings.TrimSpace(string(line)), maxLine)})
			if len(out) >= limit {
				return out
			}
		}
	}
	return out
}

// clip cuts s after most bytes, at a character's edge.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
