package openapi

import (
	"slices"

	"github.com/erlmcp/erlmcp/schemas"
)

// chosen reports whether an operation becomes a tool.
func (op *operation) chosen(o Options) bool {
	return (o.Include == nil || op.named(o.Include)) && (o.Exclude == nil || !op.named(o.Exclude))
}

// named reports whether one of the lists names the operation.
func (op *operation) named(by *schemas.Operations) bool {
	for _, tag := range list(op.spec["tags"]) {
		if anyOf(by.Tags, text(tag)) {
			return true
		}
	}
	return op.id != "" && anyOf(by.Operations, op.id) || anyOf(by.Paths, op.path) || slices.Contains(by.Methods, op.method)
}

func anyOf(patterns []string, s string) bool {
	return slices.ContainsFunc(schemas.Patterns(patterns), func(p schemas.Pattern) bool { return p.Matches(s) })
}
