package schemas

import (
	"fmt"
	"regexp"
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
	// LabelText is a text for people to read.
	LabelText LabelRule = "text"
)

var (
	labelName  = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$`)
	labelScope = regexp.MustCompile(`^[!#-\[\]-~]{1,256}$`)
	labelInput = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,127}$`)
	labelText  = regexp.MustCompile(`^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,128}$`)
)

// Check returns the rule that a label breaks, as a sentence without its subject,
// or "".
func (r LabelRule) Check(label string) string {
	switch {
	case r == LabelName && !labelName.MatchString(label):
		return fmt.Sprintf("it must be 1 to 128 letters, digits, dots, dashes or underscores, and not begin with a dot, not %q", label)
	case r == LabelInput && !labelInput.MatchString(label):
		return fmt.Sprintf("it must be 1 to 128 letters, digits, dashes or underscores, and begin with a letter or an underscore, not %q", label)
	case r == LabelScope && !labelScope.MatchString(label):
		return fmt.Sprintf("it must be an OAuth scope: 1 to 256 visible ASCII characters other than \" and \\, not %q", label)
	case r == LabelText && !labelText.MatchString(label):
		return fmt.Sprintf("it must be 1 to 128 printable characters, not %q", label)
	}
	return ""
}
