package plan

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// decoder is the inverse of encoder.
type decoder struct {
	codec resource.Codec
	err   error
}

func (d *decoder) fail(err error) {
	if err != nil && d.err == nil {
		d.err = err
	}
}

func (d *decoder) object(raw json.RawMessage) resource.Object {
	if len(raw) == 0 {
		return resource.Object{}
	}
	o, err := d.codec.Decode(raw)
	d.fail(err)
	return o
}

func (d *decoder) value(raw json.RawMessage) cty.Value { return d.object(raw).Values }

func (d *decoder) ref(f refFile) config.Ref {
	s, err := address.ParseServer(f.Server)
	d.fail(err)
	return config.Ref{Server: s, Target: f.Target}
}

func (d *decoder) plan(f *planFile) *Plan {
	p := &Plan{
		PlannedBy: f.PlannedBy, Mode: f.Mode, Lineage: f.Lineage, Serial: f.Serial, Journal: f.Journal,
		Only: f.Only, Replace: f.Replace,
	}
	for i := range f.Changes {
		p.Changes = append(p.Changes, d.change(&f.Changes[i]))
	}
	for _, o := range f.Outputs {
		p.Outputs = append(p.Outputs, OutputChange{
			Name: o.Name, Description: o.Description, Sensitive: o.Sensitive,
			Before: d.object(o.Before), After: d.object(o.After), Changed: o.Changed,
		})
	}
	for _, t := range f.Targets {
		p.Targets = append(p.Targets, Target{Address: t.Address, Config: d.object(t.Config), Former: t.Former})
	}
	for i := range f.Steps {
		p.Steps = append(p.Steps, d.step(i, &f.Steps[i]))
	}
	p.Unverified = f.Unverified
	for _, x := range f.Exports {
		p.Exports = append(p.Exports, Export{Ref: d.ref(x.Ref), Value: d.value(x.Value)})
	}
	return p
}

func (d *decoder) change(f *changeFile) Change {
	c := Change{
		Address: f.Address, Type: f.Type, Action: f.Action,
		Before: d.object(f.Before), After: d.object(f.After),
		Differences: d.differences(f.Differences), Reasons: f.Reasons, Impact: f.Impact,
		Drift: d.differences(f.Drift), Gone: f.Gone, Endpoint: f.Endpoint, Smokes: f.Smokes, Stages: f.Stages, Digest: f.Digest,
	}
	if f.Action == NoOp {
		c.After = c.Before
	}
	if f.Source != nil {
		c.Source = d.ref(*f.Source)
	}
	return c
}

func (d *decoder) differences(in []differenceFile) []resource.Difference {
	var out []resource.Difference
	for _, f := range in {
		path, err := resource.DecodePath(f.Path)
		d.fail(err)
		out = append(out, resource.Difference{
			Path: path, Before: d.value(f.Before), After: d.value(f.After),
			Sensitive: f.Sensitive, Replace: f.Replace, Impact: f.Impact, By: f.By,
		})
	}
	return out
}

func (d *decoder) step(id int, f *stepFile) Step {
	s := Step{ID: id, Address: f.Address, Type: f.Type, Action: f.Action, DependsOn: f.DependsOn, Stage: f.Stage, Prior: d.object(f.Prior)}
	if f.Resource != nil {
		r, err := state.DecodeResource(&d.codec, f.Resource)
		d.fail(err)
		s.Resource = r
	}
	return s
}
