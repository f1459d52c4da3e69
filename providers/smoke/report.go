package smoke

import (
	"fmt"
	"strings"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

const (
	shownAnswer = 1000 // bytes
	shownCall   = 300
	shownBrief  = 120
)

// failed is what people are told of a check that does not pass.
func (v verification) failed(s resource.Smoke, err error) *diag.Diagnostic {
	var b strings.Builder
	switch {
	case s.Call == "":
		fmt.Fprintf(&b, "It looks for the tools %s at %s", strings.Join(s.Tools, ", "), v.URL)
	default:
		fmt.Fprintf(&b, "It calls %s at %s", v.calls(s), v.URL)
	}
	if s.Require != nil {
		fmt.Fprintf(&b, " and requires %s", cut(strings.Join(strings.Fields(s.Require.Source), " "), shownCall))
	}
	fmt.Fprintf(&b, ". After %s: %s", tries(s.Retries+1), cut(v.clean(s, err), shownAnswer))
	if text := b.String(); !strings.HasSuffix(text, ".") {
		b.WriteString(".")
	}
	d := diag.Errorf(fmt.Sprintf("the check %q fails", s.Name), "%s", b.String())
	d.Address = v.Server.String()
	if strings.Contains(err.Error(), "certificate required") {
		return d.Fix("The server demands client certificates, and checks have none: remove the smoke blocks, or set client_auth = \"optional\".")
	}
	return d.Fix("Correct the configuration, or the check, and apply again.")
}

// calls is the tool with its arguments.
func (v verification) calls(s resource.Smoke) string {
	with, marks := s.With.Unmark()
	switch {
	case len(marks) > 0:
		return s.Call + " with (sensitive)"
	case with.IsNull():
		return s.Call
	}
	return s.Call + " with " + cut(with.AsString(), shownCall)
}

// clean is an error without secrets.
func (v verification) clean(s resource.Smoke, err error) string {
	return document.Clean(strings.TrimSpace(strings.ToValidUTF8(err.Error(), "?")), v.secrets(s))
}

// brief is an error in one short line.
func (v verification) brief(s resource.Smoke, err error) string {
	line, _, _ := strings.Cut(v.clean(s, err), "\n")
	return cut(line, shownBrief)
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func tries(n int) string {
	if n == 1 {
		return "one try"
	}
	return fmt.Sprintf("%d tries", n)
}
