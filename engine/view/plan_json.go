package view

import (
	"bytes"
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/erlmcp/erlmcp/engine/plan"
)

// PlanJSON is the machine's form of a plan. Secrets are absent.
type PlanJSON struct {
	FormatVersion string           `json:"format_version"`
	PlannedBy     string           `json:"planned_by"`
	Mode          string           `json:"mode"`
	Lineage       string           `json:"lineage"`
	Serial        uint64           `json:"serial"`
	Changes       []ChangeJSON     `json:"changes"`
	Outputs       []OutputJSON     `json:"outputs"`
	Drift         DriftJSON        `json:"drift"`
	Unverified    []string         `json:"unverified,omitempty"`
	Summary       map[string]int   `json:"summary"`
	Diagnostics   []DiagnosticJSON `json:"diagnostics,omitempty"`
}

// ChangeJSON is what happens to one resource.
type ChangeJSON struct {
	Address      string           `json:"address"`
	Type         string           `json:"type"`
	Action       string           `json:"action"`
	Reasons      []string         `json:"reasons,omitempty"`
	Impact       string           `json:"impact,omitempty"`
	Before       any              `json:"before,omitempty"`
	After        any              `json:"after,omitempty"`
	AfterUnknown []string         `json:"after_unknown,omitempty"`
	Sensitive    []string         `json:"sensitive,omitempty"`
	Differences  []DifferenceJSON `json:"differences,omitempty"`
	Smokes       []plan.SmokeNote `json:"smokes,omitempty"`
	Stages       []string         `json:"stages,omitempty"` // of an update that is made step by step
}

// OutputJSON is what becomes of an output.
type OutputJSON struct {
	Name      string `json:"name"`
	Changed   bool   `json:"changed"`
	Sensitive bool   `json:"sensitive,omitempty"`
	Before    any    `json:"before,omitempty"`
	After     any    `json:"after,omitempty"`
	Unknown   bool   `json:"after_unknown,omitempty"`
}

// NewPlanJSON converts a plan.
func NewPlanJSON(p *plan.Plan) PlanJSON {
	n := p.Counts()
	var unverified []string
	for _, t := range p.Unverified {
		unverified = append(unverified, t.String())
	}
	out := PlanJSON{
		FormatVersion: "1", PlannedBy: p.PlannedBy, Mode: string(p.Mode), Lineage: p.Lineage, Serial: p.Serial,
		Changes: []ChangeJSON{}, Outputs: []OutputJSON{}, Drift: NewDriftJSON(p), Unverified: unverified,
		Summary: map[string]int{
			"no-op": n.NoOp, "create": n.Create, "update": n.Update, "replace": n.Replace,
			"delete": n.Delete, "record": n.Record, "forget": n.Forget,
		},
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		j := ChangeJSON{
			Address: c.Address.String(), Type: c.Type, Action: string(c.Action),
			Before: valueJSON(c.Before.Values), After: valueJSON(c.After.Values),
			Differences: differencesJSON(c.Differences), Smokes: c.Smokes,
		}
		if c.Action == plan.Update || c.Action == plan.Replace {
			j.Impact = c.Impact.String()
		}
		for _, stage := range c.Stages {
			j.Stages = append(j.Stages, stage.String())
		}
		for _, r := range c.Reasons {
			j.Reasons = append(j.Reasons, string(r))
		}
		for _, l := range leaves(nil, c.After.Values, c.After.Secrets) {
			switch {
			case l.secret:
				j.Sensitive = append(j.Sensitive, l.path)
			case !l.value.IsKnown():
				j.AfterUnknown = append(j.AfterUnknown, l.path)
			}
		}
		out.Changes = append(out.Changes, j)
	}
	for _, o := range p.Outputs {
		out.Outputs = append(out.Outputs, OutputJSON{
			Name: o.Name, Changed: o.Changed, Sensitive: o.Sensitive,
			Before: valueJSON(o.Before.Values), After: valueJSON(o.After.Values),
			Unknown: o.After.Values != cty.NilVal && !o.After.Values.IsWhollyKnown(),
		})
	}
	return out
}

// valueJSON is a value as JSON, null where it is not known, nil when there is none.
func valueJSON(v cty.Value) any {
	if absent(v) {
		return nil
	}
	v = cty.UnknownAsNull(v)
	raw, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return nil
	}
	// Taken apart again, as cty writes & and the like as \u0026.
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return nil
	}
	return out
}
