package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/erlmcp/erlmcp/engine/plan"
)

const (
	// What a comment on a pull request can hold is bounded (65,536 characters at
	// GitHub): more rows and text than that are left out, and it is said how many.
	rowLimit  = 100
	textLimit = 40_000 // bytes
)

// PlanMarkdown writes a plan as Markdown, for a comment on a pull request: what it
// comes to, the resources that change, and the whole of it folded away.
func PlanMarkdown(w io.Writer, types Types, p *plan.Plan) {
	headline := "no changes"
	if !p.Empty() {
		headline = strings.TrimSuffix(strings.TrimPrefix(firstLine(summary(Style{}, p)), "Plan: "), ".")
	}
	fmt.Fprintf(w, "### erlmcp plan: %s\n", headline)
	var rows [][]string
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Action == plan.NoOp {
			continue
		}
		feel := ""
		switch c.Action {
		case plan.Update:
			feel = impact(Style{}, c.Impact)
		case plan.Replace:
			feel = "connections are lost"
		}
		rows = append(rows, []string{code(c.Address.String()), marks[c.Action].verb, feel})
	}
	markdownTable(w, []string{"resource", "change", "its users"}, rows)
	if seen := surface(Style{}, p); seen != "" && !p.Empty() {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(seen))
	}
	var whole bytes.Buffer
	Plan(&whole, Style{Width: 120}, types, p)
	folded(w, "The whole plan", whole.String())
}

// DriftMarkdown writes how the world has moved as Markdown, for a report.
func DriftMarkdown(w io.Writer, p *plan.Plan) {
	var rows [][]string
	for i := range p.Changes {
		c := &p.Changes[i]
		switch {
		case c.Gone:
			rows = append(rows, []string{code(c.Address.String()), "is gone"})
		case c.Drifted():
			rows = append(rows, []string{code(c.Address.String()), count(len(c.Drift), "attribute")})
		}
	}
	if len(rows) == 0 {
		fmt.Fprintf(w, "### erlmcp drift: none\n")
		return
	}
	fmt.Fprintf(w, "### erlmcp drift: %s moved\n", count(len(rows), "resource"))
	markdownTable(w, []string{"resource", "what moved"}, rows)
	var whole bytes.Buffer
	Drift(&whole, Style{Width: 120}, p)
	folded(w, "All of it", whole.String())
}

func markdownTable(w io.Writer, heading []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(heading, " | "), strings.Repeat("---|", len(heading)))
	for _, r := range rows[:min(len(rows), rowLimit)] {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
	}
	if more := len(rows) - rowLimit; more > 0 {
		fmt.Fprintf(w, "\n… and %d more.\n", more)
	}
}

// code is text as code in a table.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// folded is text as it is, behind a line to click on.
func folded(w io.Writer, title, text string) {
	cut := ""
	if len(text) > textLimit {
		end := strings.LastIndexByte(text[:textLimit], '\n') + 1
		cut = fmt.Sprintf("\n… and %d more lines, in the log.\n", strings.Count(text[end:], "\n"))
		text = text[:end]
	}
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	fmt.Fprintf(w, "\n<details><summary>%s</summary>\n\n%stext\n%s\n%s\n%s\n</details>\n", title, fence, strings.TrimRight(text, "\n"), fence, cut)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
