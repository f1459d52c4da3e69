package config

import (
	"regexp"
	"strings"
	"sync"

	"golang.org/x/mod/semver"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/version"
)

var constraintTerm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?)$`)
})

// checkVersion checks the version of this build against a constraint. For a build
// without a version number it cannot, and warns.
func checkVersion(constraint string, at *diag.Range) diag.List {
	own := "v" + strings.TrimPrefix(version.Version, "v")
	numbered := semver.IsValid(own)
	for _, term := range strings.Split(constraint, ",") {
		m := constraintTerm().FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			return diag.List{diag.Errorf("Wrong version constraint", "%q is not a version constraint.", strings.TrimSpace(term)).
				At(at).Fix("Write comparisons with commas between them, such as \">= 0.1, < 2\".")}
		}
		if numbered && !satisfies(own, m[1], m[2]) {
			return diag.List{diag.Errorf("Wrong version of erlmcp", "The configuration needs erlmcp %s, and this is %s.", constraint, version.Version).
				At(at).Fix("Use a version that fits, or change required_version.")}
		}
	}
	if numbered {
		return nil
	}
	d := diag.Errorf("Version not checked", "The configuration needs erlmcp %s; this build is %q, which is not a version number.", constraint, version.Version).
		At(at).Fix("Use a released build, or make sure yourself that this one fits.")
	d.Severity = diag.Warning
	return diag.List{d}
}

func satisfies(own, op, want string) bool {
	c := semver.Compare(own, "v"+want)
	switch op {
	case "", "=":
		return c == 0
	case "!=":
		return c != 0
	case ">=":
		return c >= 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case "<":
		return c < 0
	}
	// ~> 1.2 allows 1.2 up to 2, and ~> 1.2.3 allows 1.2.3 up to 1.3.
	prefix := semver.Major
	if strings.Count(want, ".") == 2 {
		prefix = semver.MajorMinor
	}
	return c >= 0 && prefix(own) == prefix("v"+want)
}
