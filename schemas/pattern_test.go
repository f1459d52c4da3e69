package schemas_test

import (
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a", "", false}, {"*", "anything", true},
		{"a*", "a", true}, {"a*", "ba", false}, {"*a", "ba", true}, {"*a", "ab", false},
		{"a*b", "ab", true}, {"a*b", "a-b", true}, {"a*b", "a-bc", false}, {"ab*ba", "aba", false},
		{"a*b*c", "a1b2c", true}, {"a*b*c", "abbc", true}, {"a*b*c", "acb", false}, {"**", "x", true},
	} {
		if got := schemas.Patterns([]string{c.pattern})[0].Matches(c.text); got != c.want {
			t.Errorf("%q fits %q: %v", c.text, c.pattern, got)
		}
	}
}
