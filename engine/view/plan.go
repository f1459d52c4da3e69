package view

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// marks are the sign and colour of each action.
var marks = map[plan.Action]struct{ sign, color, verb string }{
	plan.Create:  {"+", Green, "create"},
	plan.Update:  {"~", Yellow, "update in place"},
	plan.Replace: {"±", Magenta, "replace"},
	plan.Delete:  {"-", Red, "delete"},
	plan.Record:  {"≈", Cyan, "record in the state"},
	plan.Forget:  {"≈", Cyan, "forget in the state"},
	plan.NoOp:    {" ", Dim, "no change"},
}

// Plan writes a plan for people: drift that was found, then what will change,
// resource by resource, then outputs, and a summary.
func Plan(w io.Writer, s Style, types Types, p *plan.Plan) {
	if n := driftOf(w, s, p, "Since the last apply, the world has moved:\n"); n > 0 {
		fmt.Fprintln(w)
	}
	for _, t := range p.Unverified {
		fmt.Fprintf(w, "%s %s does not answer; what follows for it is from the last apply.\n\n", s.Paint(Yellow+";"+Bold, "Not verified:"), t)
	}
	if p.Empty() {
		fmt.Fprintln(w, s.Paint(Green+";"+Bold, "No changes.")+" "+noChanges(p))
		return
	}
	owner, others := "", 0
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Action == plan.NoOp {
			continue
		}
		if c.Address.Owner() != owner {
			if owner != "" {
				fmt.Fprintln(w)
			}
			owner = c.Address.Owner()
			fmt.Fprintln(w, s.Paint(Bold, owner))
		}
		others += change(w, s, types, c)
	}
	outputs(w, s, p.Outputs)
	fmt.Fprintln(w)
	fmt.Fprintln(w, summary(s, p))
	if others > 0 {
		fmt.Fprintln(w, s.Paint(Dim, "What is new has more settings, which follow from these; erlmcp plan -json shows them all."))
	}
}

func noChanges(p *plan.Plan) string {
	switch {
	case p.Mode == plan.Destroy:
		return "There is nothing to destroy."
	case p.Mode == plan.RefreshOnly:
		return "The state is what is there."
	case p.Drifted():
		return "What moved is not what the configuration sets."
	}
	if len(p.Changes) == 0 {
		return "The configuration has no servers, and nothing is applied."
	}
	return allAre(len(p.Changes), "as the configuration says")
}

// change writes one change, and returns how many settings it has not written.
func change(w io.Writer, s Style, types Types, c *plan.Change) (others int) {
	m := marks[c.Action]
	var notes []string
	switch c.Action {
	case plan.Update:
		notes = append(notes, impact(s, c.Impact))
	case plan.Replace:
		notes = append(notes, s.Paint(Red, "connections are lost"))
	}
	for _, r := range c.Reasons {
		notes = append(notes, string(r))
	}
	line := fmt.Sprintf("  %s %s  %s", s.Paint(m.color+";"+Bold, m.sign), s.Paint(Bold, c.Address.Part), s.Paint(m.color, m.verb))
	if len(notes) > 0 {
		line += s.Paint(Dim, " · ") + strings.Join(notes, s.Paint(Dim, " · "))
	}
	fmt.Fprintln(w, line)
	switch c.Action {
	case plan.Create:
		var told []leaf
		told, others = types.told(c.Type, leaves(nil, c.After.Values, c.After.Secrets))
		table(w, s, "      ", "+", Green, told, "")
	case plan.Update, plan.Replace, plan.Record:
		diffs(w, s, "      ", c.Differences, c)
	}
	if len(c.Stages) > 0 {
		var steps []string
		for _, stage := range c.Stages {
			steps = append(steps, stage.String())
		}
		fmt.Fprintf(w, "      %s step by step: %s\n", s.Paint(Cyan, "»"), strings.Join(steps, s.Paint(Dim, " → ")))
	}
	for _, n := range c.Smokes {
		fmt.Fprintf(w, "      %s then checks %q: %s\n", s.Paint(Cyan, "?"), n.Name, checkText(n))
	}
	return others
}

func checkText(n plan.SmokeNote) string {
	if n.Call != "" {
		return "a call of " + n.Call
	}
	return "lists " + strings.Join(n.Tools, ", ")
}

// impact says what the users of a server feel.
func impact(s Style, i resource.Impact) string {
	switch i {
	case resource.ImpactNone:
		return "nobody notices"
	case resource.ImpactReload:
		return s.Paint(Green, "reload: no connection is lost")
	case resource.ImpactRolling:
		return s.Paint(Green, "rolling: drained, nothing is refused")
	default:
		return s.Paint(Yellow, "restart: connections are lost")
	}
}

// table writes leaves with their values in a column.
func table(w io.Writer, s Style, indent, sign, color string, list []leaf, note string) {
	width := 0
	for _, l := range list {
		width = max(width, min(len(l.path), 64))
	}
	for _, l := range list {
		fmt.Fprintf(w, "%s%s %-*s  %s%s\n", indent, s.Paint(color, sign), width, l.path, l.text(max(24, s.Width-width-len(indent)-5)), note)
	}
}

// diffs writes differences; one that adds or removes a whole block is written
// leaf by leaf.
func diffs(w io.Writer, s Style, indent string, list []resource.Difference, c *plan.Change) {
	for _, d := range list {
		needs, by := "", ""
		if d.Replace {
			needs = s.Paint(Red, "  needs a new one")
		}
		if d.By != "" {
			by = s.Paint(Dim, "  by "+d.By)
		}
		path := resource.FormatPath(d.Path)
		switch {
		case d.Sensitive:
			fmt.Fprintf(w, "%s%s %s  %s%s\n", indent, s.Paint(Yellow, "~"), path, "(sensitive)", needs+by)
		case absent(d.Before) && !absent(d.After):
			table(w, s, indent, "+", Green, leaves(d.Path, d.After, c.After.Secrets), by)
		case absent(d.After) && !absent(d.Before):
			table(w, s, indent, "-", Red, leaves(d.Path, d.Before, c.Before.Secrets), by)
		default:
			fmt.Fprintf(w, "%s%s %s  ", indent, s.Paint(Yellow, "~"), path)
			fromTo(w, s, indent, d.Before, d.After)
			fmt.Fprintf(w, "%s\n", needs+by)
		}
	}
}

func absent(v cty.Value) bool { return v == cty.NilVal || v.IsNull() }

func fromTo(w io.Writer, s Style, indent string, before, after cty.Value) {
	if multiline(before) || multiline(after) {
		lines(w, s, indent+"    ", before, after)
		return
	}
	half := max(20, (s.Width-30)/2)
	before, after = apart(before, after, half)
	b, a := leaf{value: before}, leaf{value: after}
	fmt.Fprintf(w, "%s %s %s", b.text(half), s.Paint(Dim, "→"), a.text(half))
}

func multiline(v cty.Value) bool {
	return !absent(v) && v.IsKnown() && v.Type() == cty.String && strings.Contains(strings.TrimRight(v.AsString(), "\n"), "\n")
}

// lines writes the lines in which two texts differ, between their common
// beginning and end.
func lines(w io.Writer, s Style, indent string, before, after cty.Value) {
	split := func(v cty.Value) []string {
		if absent(v) || !v.IsKnown() {
			return nil
		}
		return strings.Split(v.AsString(), "\n")
	}
	b, a := split(before), split(after)
	start := 0
	for start < len(b) && start < len(a) && b[start] == a[start] {
		start++
	}
	end := 0
	for end < len(b)-start && end < len(a)-start && b[len(b)-1-end] == a[len(a)-1-end] {
		end++
	}
	fmt.Fprintf(w, "from line %d", start+1)
	for _, l := range b[start : len(b)-end] {
		fmt.Fprintf(w, "\n%s%s", indent, s.Paint(Red, "- "+visible(l)))
	}
	for _, l := range a[start : len(a)-end] {
		fmt.Fprintf(w, "\n%s%s", indent, s.Paint(Green, "+ "+visible(l)))
	}
}

func outputs(w io.Writer, s Style, list []plan.OutputChange) {
	var changed []plan.OutputChange
	for _, o := range list {
		if o.Changed {
			changed = append(changed, o)
		}
	}
	if len(changed) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", s.Paint(Bold, "outputs"))
	width := 0
	for _, o := range changed {
		width = max(width, len(o.Name))
	}
	for _, o := range changed {
		gone, fresh := o.After.Values == cty.NilVal, o.Before.Values == cty.NilVal
		sign, color := "~", Yellow
		switch {
		case gone:
			sign, color = "-", Red
		case fresh:
			sign, color = "+", Green
		}
		value := "(sensitive)"
		if !o.Sensitive {
			value = OutputText(o.After.Values)
			if gone {
				value = OutputText(o.Before.Values)
			} else if !fresh {
				value = OutputText(o.Before.Values) + s.Paint(Dim, " → ") + value
			}
		}
		value = strings.ReplaceAll(value, "\n", "\n    ")
		fmt.Fprintf(w, "  %s %s  %s\n", s.Paint(color+";"+Bold, sign), s.Paint(Bold, fmt.Sprintf("%-*s", width, o.Name)), value)
	}
}

// summary counts, and says the heaviest thing that users will feel.
func summary(s Style, p *plan.Plan) string {
	n := p.Counts()
	var parts []string
	for _, c := range []struct {
		n      int
		action plan.Action
	}{{n.Create, plan.Create}, {n.Update, plan.Update}, {n.Replace, plan.Replace}, {n.Delete, plan.Delete}, {n.Record, plan.Record}, {n.Forget, plan.Forget}} {
		if c.n > 0 {
			verb, _, _ := strings.Cut(marks[c.action].verb, " ")
			parts = append(parts, s.Paint(marks[c.action].color, fmt.Sprintf("%d to %s", c.n, verb)))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "only outputs change")
	}
	return s.Paint(Bold, "Plan:") + " " + strings.Join(parts, ", ") + "." + surface(s, p)
}

// surface says which tools, resources and prompts come and go, because that is
// what agents notice. A server's document is recognised by its shape alone.
func surface(s Style, p *plan.Plan) string {
	var notes []string
	for i := range p.Changes {
		c := &p.Changes[i]
		if c.Action != plan.Update && c.Action != plan.Replace {
			continue
		}
		for _, d := range c.Differences {
			if name := served(d.Path); name != "" {
				switch {
				case absent(d.Before) && !absent(d.After):
					notes = append(notes, s.Paint(Green, "+ "+name))
				case absent(d.After) && !absent(d.Before):
					notes = append(notes, s.Paint(Red, "- "+name))
				}
			}
		}
	}
	if len(notes) == 0 {
		return ""
	}
	sort.Strings(notes)
	return "\n" + s.Paint(Bold, "Clients will see:") + " " + strings.Join(notes, ", ") + "."
}

// served names the tool, resource, prompt or upstream that a path stands for, "" when it
// stands for something else or for a part of one.
func served(p cty.Path) string {
	if len(p) != 3 {
		return ""
	}
	kind, ok := p[1].(cty.GetAttrStep)
	key, isKey := p[2].(cty.IndexStep)
	if !ok || !isKey || key.Key.Type() != cty.String {
		return ""
	}
	switch kind.Name {
	case "tool", "resource", "resource_template", "prompt", "upstream":
		return kind.Name + " " + key.Key.AsString()
	}
	return ""
}
