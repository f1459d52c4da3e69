package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// smokes reads the checks of a server, in the order in which they are written.
func (d *decoder) smokes(found []written, values cty.Value) []resource.Smoke {
	if values.IsNull() {
		return nil
	}
	byLabel := values.AsValueMap()
	var out []resource.Smoke
	for _, w := range found {
		if len(w.labels) != 1 {
			continue // said already
		}
		v, ok := byLabel[w.labels[0]]
		if !ok {
			continue
		}
		delete(byLabel, w.labels[0]) // one of that name again was refused
		out = append(out, d.smoke(w, v))
	}
	return out
}

func (d *decoder) smoke(w written, v cty.Value) resource.Smoke {
	s := resource.Smoke{Name: w.labels[0], With: v.GetAttr("with")}
	if !d.shown("smoke", w, v, "call", "tools", "retries", "timeout") {
		return s
	}
	if call := v.GetAttr("call"); !call.IsNull() {
		s.Call = call.AsString()
	}
	if tools := v.GetAttr("tools"); !tools.IsNull() {
		for _, t := range tools.AsValueSlice() {
			s.Tools = append(s.Tools, t.AsString())
		}
	}
	b := schemas.Describe[schemas.Smoke]()
	s.Retries, _ = strconv.Atoi(b.Attribute("retries").Default)
	if n := v.GetAttr("retries"); !n.IsNull() {
		retries, _ := n.AsBigFloat().Int64()
		s.Retries = int(retries)
	}
	s.Timeout = span(v.GetAttr("timeout"), b.Attribute("timeout"))
	d.smokeRules(w, v, s)
	if a := w.body.Attributes["require"]; a != nil {
		s.Require = d.condition(a, w.ctx)
	}
	return s
}

func (d *decoder) smokeRules(w written, v cty.Value, s resource.Smoke) {
	for _, name := range []string{"with", "require"} {
		if a := w.body.Attributes[name]; a != nil && s.Call == "" && len(s.Tools) > 0 {
			at := a.NameRange
			d.add(diag.Errorf("Cannot go together", "%s is about a call, and smoke %q calls nothing.", name, s.Name).
				At(diag.FromRange(&at)).Fix("Write call = \"TOOL\" instead of tools, or remove %s.", name))
		}
	}
	if src, known := text(v.GetAttr("with")); known && !strings.HasPrefix(src, "{") {
		d.wrong(w.body, "with", "it is not an object.").Fix("Write with = { NAME = VALUE }.")
	}
}

// shown refuses attributes that are sensitive or not known: they are shown in the
// plan, or settle how the apply goes.
func (d *decoder) shown(what string, w written, v cty.Value, names ...string) bool {
	for _, name := range names {
		a := v.GetAttr(name)
		switch {
		case a.ContainsMarked():
			d.wrong(w.body, name, "it cannot be sensitive in %s.", what).Fix("Use nonsensitive(…) when it holds no secret.")
			return false
		case !a.IsWhollyKnown():
			if !d.diags.HasErrors() {
				d.wrong(w.body, name, "it must be known when planning.").Fix("Use variables and locals that do not depend on servers.")
			}
			return false
		}
	}
	return true
}

// condition keeps a condition over result, with all else in it as it is known now.
// It is tried with a result of which nothing is known, which finds what is wrong
// with it in any case.
func (d *decoder) condition(a *hclsyntax.Attribute, ctx *hcl.EvalContext) *resource.Condition {
	evaluate := func(result cty.Value) (cty.Value, hcl.Diagnostics) {
		inner := ctx.NewChild()
		inner.Variables = map[string]cty.Value{"result": result}
		return a.Expr.Value(inner)
	}
	at := a.Expr.Range()
	v, hd := evaluate(cty.UnknownVal(resource.ResultType))
	d.hcl(hd)
	if v, _ = v.Unmark(); !hd.HasErrors() {
		if _, err := convert.Convert(v, cty.Bool); err != nil || v.IsNull() {
			d.add(diag.Errorf("Wrong condition", "require must be true or false; this is %s.", nameOf(v.Type())).
				At(diag.FromRange(&at)).Fix("Compare, such as require = result.text == \"ok\"."))
		}
	}
	return &resource.Condition{
		Source: string(at.SliceBytes(d.c.sources[at.Filename])),
		Holds: func(result cty.Value) (bool, error) {
			v, hd := evaluate(result)
			if hd.HasErrors() {
				return false, conditionError(hd)
			}
			v, _ = v.Unmark()
			held, err := convert.Convert(v, cty.Bool)
			switch {
			case err != nil || held.IsNull():
				return false, errors.New("the condition came to neither true nor false")
			case !held.IsKnown():
				return false, errors.New("something in the condition is still not known")
			}
			return held.True(), nil
		},
	}
}

// conditionError says what is wrong with a condition. What a function says of its
// arguments is left out, as they may be secret.
func conditionError(hd hcl.Diagnostics) error {
	for _, d := range hd {
		if d.Severity != hcl.DiagError {
			continue
		}
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok && call.CalledFunctionName() != "" {
			return fmt.Errorf("the call of %s in the condition failed", call.CalledFunctionName())
		}
		return fmt.Errorf("the condition cannot be evaluated: %s", strings.TrimSuffix(d.Detail, "."))
	}
	return hd
}

// settledRollout refuses a rollout block that is not known or sensitive.
func (d *decoder) settledRollout(found []written, v cty.Value) {
	if len(found) == 0 || v.IsNull() {
		return
	}
	b := schemas.Describe[schemas.Rollout]()
	names := []string{"canary"}
	for _, a := range b.Attributes {
		names = append(names, a.Name)
	}
	if !d.shown("rollout", found[0], v, names...) {
		return
	}
	canary := v.GetAttr("canary")
	if canary.IsNull() {
		return
	}
	if s := v.GetAttr("strategy"); s.IsNull() || s.AsString() != string(resource.Canary) {
		d.wrong(found[0].body, "canary", "its steps are those of another strategy.").Fix("Write strategy = \"canary\", or remove the block.")
	}
	last := 0
	for _, percent := range canarySteps(canary) {
		if percent <= last || percent > 99 {
			d.wrong(found[0].body, "canary", "its steps must rise, from 1 to at most 99.").Fix("Write them like steps = [5, 25, 50].")
			return
		}
		last = percent
	}
}

// canarySteps are the steps of a canary block, or those without one.
func canarySteps(canary cty.Value) []int {
	if canary.IsNull() || canary.GetAttr("steps").IsNull() {
		return []int{5, 25, 50}
	}
	var out []int
	for _, v := range canary.GetAttr("steps").AsValueSlice() {
		percent, _ := v.AsBigFloat().Int64()
		out = append(out, int(percent))
	}
	return out
}

// rolloutOf reads the rollout block of a placement; the defaults without one.
func rolloutOf(placement cty.Value) resource.Rollout {
	b := schemas.Describe[schemas.Rollout]()
	v := cty.NullVal(b.Type())
	if placement != cty.NilVal {
		v = placement.GetAttr("rollout")
	}
	if v.IsNull() || !v.IsWhollyKnown() || v.ContainsMarked() {
		return resource.Rollout{}
	}
	rollback := v.GetAttr("auto_rollback")
	r := resource.Rollout{
		Strategy: resource.Strategy(word(v.GetAttr("strategy"))), MaxUnavailable: word(v.GetAttr("max_unavailable")), MaxSurge: word(v.GetAttr("max_surge")),
		HealthTimeout: span(v.GetAttr("health_timeout"), b.Attribute("health_timeout")),
		DrainTimeout:  span(v.GetAttr("drain_timeout"), b.Attribute("drain_timeout")),
		LeaveFailed:   !rollback.IsNull() && rollback.False(),
	}
	if r.Strategy == resource.Canary {
		n := b.Nested("canary")
		canary := v.GetAttr("canary")
		hold := cty.NullVal(cty.String)
		if !canary.IsNull() {
			hold = canary.GetAttr("hold")
		}
		r.Steps, r.Hold = canarySteps(canary), span(hold, n.Block.Attribute("hold"))
	}
	return r
}

// word is a text that was checked before, "" for none.
func word(v cty.Value) string {
	if v.IsNull() {
		return ""
	}
	return v.AsString()
}

// span is a duration that was checked before, or its default; 0 for none.
func span(v cty.Value, a *schemas.Attribute) time.Duration {
	s := a.Default
	if !v.IsNull() {
		s = v.AsString()
	}
	d, err := schemas.ParseDuration(s)
	if err != nil {
		return 0
	}
	return time.Duration(d)
}
