package schemas

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LabelRule says what the label of a nested block may be.
type LabelRule string

const (
	// LabelName is the name of a tool, resource or prompt (MCP, "Tool Names"):
	// letters, digits, dots, dashes and underscores.
	LabelName LabelRule = "name"
	// LabelInput is the name of an input, which templates in the block that
	// holds it mention as input.NAME.
	LabelInput LabelRule = "input"
	// LabelScope is an OAuth scope (RFC 6749, section 3.3).
	LabelScope LabelRule = "scope"
	// LabelDNS names an object of a cloud (RFC 1035, section 2.3.1).
	LabelDNS LabelRule = "dns"
	// LabelText is a text for people to read.
	LabelText LabelRule = "text"
)

// labels holds the rules. Lengths are apart from the expressions: a counted
// repeat is compiled once for each count, to megabytes where a class is large.
var labels = map[LabelRule]struct {
	fits func(string) bool
	most int // characters
	rule string
}{
	LabelName:  {regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*$`).MatchString, 128, "it must be 1 to 128 letters, digits, dots, dashes or underscores, and not begin with a dot"},
	LabelInput: {regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`).MatchString, 128, "it must be 1 to 128 letters, digits, dashes or underscores, and begin with a letter or an underscore"},
	LabelScope: {regexp.MustCompile(`^[!#-\[\]-~]+$`).MatchString, 256, "it must be an OAuth scope: 1 to 256 visible ASCII characters other than \" and \\"},
	LabelDNS:   {regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`).MatchString, 30, "it must be 1 to 30 small letters, digits or dashes, begin with a letter and not end with a dash"},
	LabelText:  {isPrintable, 128, "it must be 1 to 128 printable characters"},
}

// Check returns the rule that a label breaks, as a sentence without its subject,
// or "".
func (r LabelRule) Check(label string) string {
	l, ok := labels[r]
	if !ok || utf8.RuneCountInString(label) <= l.most && l.fits(label) {
		return ""
	}
	return fmt.Sprintf("%s, not %q", l.rule, label)
}

func isPrintable(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}
