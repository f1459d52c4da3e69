package openapi

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/erlmcp/erlmcp/schemas"
)

var (
	notInName     = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)
	notInArgument = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
)

// toolName is the name of the tool of an operation.
func (op *operation) toolName(o Options) (string, error) {
	for _, known := range []string{op.id, op.String()} {
		if name, ok := o.Rename[known]; ok && known != "" {
			if rule := schemas.LabelName.Check(name); rule != "" {
				return "", fmt.Errorf("its new name: %s", rule)
			}
			return name, nil
		}
	}
	base := op.id
	if base == "" {
		base = strings.ToLower(op.method) + op.path
	}
	name := o.Prefix + strings.Trim(notInName.ReplaceAllString(base, "_"), "_.")
	if rule := schemas.LabelName.Check(name); rule != "" {
		return "", fmt.Errorf("no name of a tool can be made of it; give it one with rename")
	}
	return name, nil
}

// argumentName is the name of an argument for a parameter of that name, which is
// none of those that are taken: in is put behind it when it is.
func argumentName(name, in string, taken func(string) bool) string {
	base := strings.Trim(notInArgument.ReplaceAllString(name, "_"), "_-")
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = "p_" + base
	}
	out := base
	if taken(out) {
		out = base + "_" + in
	}
	for i := 2; taken(out); i++ {
		out = fmt.Sprintf("%s_%s_%d", base, in, i)
	}
	return out
}

// longestText is how much of a description is taken along, in bytes.
const longestText = 4000

// clean leaves out of a text what no description holds.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > longestText {
		s = strings.ToValidUTF8(s[:longestText], "") + "…"
	}
	return s
}

// line is a text on one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// literal writes a text as the source of a template that stands for it.
func literal(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)
}
