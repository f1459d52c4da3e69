package expr

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// generator draws expressions, most of which can be evaluated.
type generator struct {
	t     *rapid.T
	bound []string // variables of for expressions, all strings
}

func (g *generator) pick(options ...func() string) string {
	return options[rapid.IntRange(0, len(options)-1).Draw(g.t, "form")]()
}

func (g *generator) oneOf(options ...string) func() string {
	return func() string { return rapid.SampledFrom(options).Draw(g.t, "leaf") }
}

func (g *generator) text(depth int) string {
	if depth <= 0 {
		leaves := append([]string{
			"var.s", "var.t", "var.e", "input.s", "input.e", `input["s"]`, "var.secret", `"a\n\"$"`, `"\u0007é"`, `"%"`, "var.m.k", "input.m.k", "input.l[1]",
		}, g.bound...)
		return g.pick(g.oneOf(leaves...))
	}
	d := depth - 1
	return g.pick(
		func() string { return `"` + g.template(d) + `"` },
		func() string { return `"` + g.template(d) + `"` },
		func() string { return "<<EOT\n" + g.template(d) + "\nEOT\n" },
		func() string { return "upper(" + g.text(d) + ")" },
		func() string { return fmt.Sprintf("join(%s, %s)", g.text(d), g.list(d)) },
		func() string { return fmt.Sprintf("(%s ? %s : %s)", g.truth(d), g.text(d), g.text(d)) },
		func() string { return fmt.Sprintf("try(%s, %s)", g.broken(d), g.text(d)) },
		func() string { return fmt.Sprintf("jsonencode(%s)", g.value(d)) },
		func() string { return fmt.Sprintf("file(%s)", `"x"`) },
		func() string { return fmt.Sprintf("%s[%s]", g.object(d), `"k"`) },
		func() string { return fmt.Sprintf("tostring(%s)", g.number(d)) },
		func() string { return "try(" + g.list(d) + "[0], input.s)" },
		func() string { return fmt.Sprintf("replace(%s, %s, %s)", g.text(d), g.text(0), g.text(d)) },
	)
}

// template is the inside of a quoted string or a heredoc.
func (g *generator) template(depth int) string {
	var b strings.Builder
	for range rapid.IntRange(0, 3).Draw(g.t, "parts") {
		b.WriteString(g.pick(
			g.oneOf("a", " ", "$", "%", "$${", "%%{", "{", "}", "é", "$$", "~", "#", "//"),
			func() string { return "${" + g.text(depth-1) + "}" },
			func() string { return "${~ " + g.number(depth-1) + " ~}" },
			func() string {
				return fmt.Sprintf("%%{ if %s }%s%%{ else }%s%%{ endif }", g.truth(depth-1), g.template(depth-1), g.template(depth-1))
			},
			func() string {
				return fmt.Sprintf("%%{ for i, x%d in %s }%s%%{ endfor }", len(g.bound), g.list(depth-1),
					g.with(func() string { return g.template(depth - 1) }))
			},
		))
	}
	return b.String()
}

// with draws an expression in which one more variable is bound.
func (g *generator) with(draw func() string) string {
	g.bound = append(g.bound, fmt.Sprintf("x%d", len(g.bound)))
	defer func() { g.bound = g.bound[:len(g.bound)-1] }()
	return draw()
}

func (g *generator) number(depth int) string {
	if depth <= 0 {
		return g.pick(g.oneOf("1", "-2", "0.1", "var.n", "input.n", "var.o.a"))
	}
	d := depth - 1
	return g.pick(
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.number(d), rapid.SampledFrom([]string{"+", "-", "*"}).Draw(g.t, "op"), g.number(d))
		},
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.number(d), rapid.SampledFrom([]string{"/", "%"}).Draw(g.t, "op"), "4")
		},
		func() string {
			return fmt.Sprintf("%s %s %s", g.number(d), rapid.SampledFrom([]string{"+", "-", "*"}).Draw(g.t, "op"), g.number(0))
		},
		func() string { return "-" + g.number(d) },
		func() string { return "length(" + g.list(d) + ")" },
		func() string { return fmt.Sprintf("max(%s, %s...)", g.number(d), "[1, input.n]") },
		func() string { return fmt.Sprintf("(%s ? %s : %s)", g.truth(d), g.number(d), g.number(d)) },
	)
}

func (g *generator) truth(depth int) string {
	if depth <= 0 {
		return g.pick(g.oneOf("true", "false", "var.b", "input.b", "!input.b", "input.null == null", "var.null == null"))
	}
	d := depth - 1
	return g.pick(
		func() string { return fmt.Sprintf("%s == %s", g.text(d), g.text(d)) },
		func() string { return fmt.Sprintf("(%s < %s)", g.number(d), g.number(d)) },
		func() string { return fmt.Sprintf("(%s && %s)", g.truth(d), g.truth(d)) },
		func() string { return fmt.Sprintf("(%s || !(%s))", g.truth(d), g.truth(d)) },
		func() string { return fmt.Sprintf("contains(%s, %s)", g.list(d), g.text(d)) },
		func() string { return fmt.Sprintf("can(%s)", g.broken(d)) },
	)
}

func (g *generator) list(depth int) string {
	if depth <= 0 {
		return g.pick(g.oneOf("var.l", "input.l", "input.os[*].s", "input.os.*.s", "input.os[*].l[0]", `["a", input.s]`, "values(input.m)", "tolist(var.set)"))
	}
	d := depth - 1
	return g.pick(
		func() string { return fmt.Sprintf("[%s, %s]", g.text(d), g.text(d)) },
		func() string { return fmt.Sprintf("concat(%s, %s)", g.list(d), g.list(d)) },
		func() string {
			return fmt.Sprintf("[for x%d in %s : %s]", len(g.bound), g.list(d), g.with(func() string { return g.text(d) }))
		},
		func() string {
			return fmt.Sprintf("[for i, x%d in %s : %s if %s]", len(g.bound), g.pick(g.oneOf("var.set", "var.m", "input.m")),
				g.with(func() string { return g.text(d) }), g.with(func() string { return g.truth(d) }))
		},
	)
}

func (g *generator) object(depth int) string {
	return g.pick(
		func() string { return fmt.Sprintf("{ k = %s, input = 1 }", g.text(depth-1)) },
		func() string { return fmt.Sprintf(`{ "k" = %s, (input.s) = %s }`, g.text(depth-1), g.text(depth-1)) },
		func() string {
			return fmt.Sprintf(`{ for x%d in %s : "k" => %s... }`, len(g.bound), g.list(depth-1), g.with(func() string { return g.text(depth - 1) }))
		},
		g.oneOf("input.m", "var.m"),
	)
}

func (g *generator) value(depth int) string {
	return g.pick(
		func() string { return g.text(depth) },
		func() string { return g.number(depth) },
		func() string { return g.truth(depth) },
		func() string { return g.list(depth) },
		func() string { return g.object(depth) },
		g.oneOf("null", "var.null", "var.o", "input", "input.null", "input.os"),
	)
}

// broken may fail, wholly or in a part.
func (g *generator) broken(depth int) string {
	return g.pick(
		g.oneOf("var.zzz", "input.m.zzz", "var.l[7]", "input.l[7]", `tonumber("x")`, `"${var.null}"`, `"${var.null}${input.s}"`),
		func() string { return g.text(depth) },
		func() string { return fmt.Sprintf("(%s ? var.zzz : %s)", g.truth(depth), g.text(depth)) },
		func() string { return fmt.Sprintf("[input.s, %s][0]", g.broken(depth-1)) },
	)
}
