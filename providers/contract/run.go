package contract

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// Run runs the suite.
func Run(t *testing.T, c Case) {
	for _, test := range []struct {
		name string
		run  func(*bench)
	}{
		{"create and read back", (*bench).testCreate},
		{"every owned attribute can be seen to drift", (*bench).testCoverage},
		{"what others own stays", (*bench).testForeign},
		{"update in place", (*bench).testUpdate},
		{"replace", (*bench).testReplace},
		{"put back what does not pass its checks", (*bench).testPutBack},
		{"delete what is there, and what is gone", (*bench).testDelete},
		{"adopt what was never recorded", (*bench).testAdopt},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newBench(t, &c)) })
	}
	for _, d := range c.Drifts {
		t.Run("drift: "+d.Name, func(t *testing.T) { newBench(t, &c).testDrift(d) })
	}
	operations := map[string]func(*bench, resource.Provider) error{
		"create": func(b *bench, p resource.Provider) error { return b.run(b.t.Context(), p, &b.Document) },
		"update": func(b *bench, p resource.Provider) error { return b.run(b.t.Context(), p, &b.Updated) },
		"delete": func(b *bench, p resource.Provider) error { return b.run(b.t.Context(), p, nil) },
	}
	if c.Replaced != cty.NilVal {
		operations["replace"] = func(b *bench, p resource.Provider) error { return b.run(b.t.Context(), p, &b.Replaced) }
	}
	for name, run := range operations {
		t.Run("a lost reply at each call of "+name, func(t *testing.T) { testLostReplies(t, &c, name, run) })
	}
}

func (b *bench) testCreate() {
	p := b.plan(b.Document)
	for _, c := range p.Changes {
		if c.Action != plan.Create {
			b.t.Errorf("%s is to %s, want create", c.Address, c.Action)
		}
	}
	b.apply(b.Document)
	b.settled(b.Document)
	if n := len(b.Objects(b.t, b.lineage)); n != len(p.Changes) {
		b.t.Errorf("%d objects exist, want %d:\n%s", n, len(p.Changes), strings.Join(b.Objects(b.t, b.lineage), "\n"))
	}
}

// testCoverage holds the case to its promise about Drifts and Fixed.
func (b *bench) testCoverage() {
	b.apply(b.Document)
	view, err := state.Read(b.t.Context(), b.store)
	if err != nil {
		b.t.Fatal(err)
	}
	for a, r := range view.Snapshot.Resources {
		for _, name := range r.Owned {
			covered := slices.ContainsFunc(b.Drifts, func(d Drift) bool { return d.Part == a.Part && d.Attribute == name })
			if _, fixed := b.Fixed[a.Part+"."+name]; !covered && !fixed {
				b.t.Errorf("no drift of %s.%s is tried, and nothing says why not", a.Part, name)
			}
		}
		gone := slices.ContainsFunc(b.Drifts, func(d Drift) bool { return d.Part == a.Part && d.Attribute == "" })
		if _, fixed := b.Fixed[a.Part]; !gone && !fixed {
			b.t.Errorf("that the %s is gone is not tried, and nothing says why not", a.Part)
		}
	}
}

func (b *bench) testDrift(d Drift) {
	b.apply(b.Document)
	d.Do(b.t, b.values())
	p := b.plan(b.Document)
	i := slices.IndexFunc(p.Changes, func(c plan.Change) bool { return c.Address.Part == d.Part })
	if i < 0 {
		b.t.Fatalf("the plan does not mention the %s", d.Part)
	}
	c := p.Changes[i]
	seen := c.Gone && d.Attribute == ""
	for _, x := range c.Drift {
		seen = seen || x.Path[0].(cty.GetAttrStep).Name == d.Attribute
	}
	if !seen {
		b.t.Errorf("the plan does not say that %s.%s has moved (gone %v; drift: %s)", d.Part, d.Attribute, c.Gone, describe(c.Drift))
	}
	if c.Action == plan.NoOp {
		b.t.Errorf("the plan does not heal it")
	}
	b.apply(b.Document)
	b.settled(b.Document)
}

func (b *bench) testForeign() {
	if b.Foreign == nil {
		return
	}
	b.apply(b.Document)
	b.Foreign(b.t, b.values())
	b.settled(b.Document)
	b.Still(b.t, b.values())
	b.apply(b.Updated)
	b.Still(b.t, b.values())
}

func (b *bench) testUpdate() {
	b.apply(b.Document)
	before := b.Objects(b.t, b.lineage)
	actions := map[plan.Action]int{}
	for _, c := range b.plan(b.Updated).Changes {
		actions[c.Action]++
	}
	if actions[plan.Update] == 0 || actions[plan.Create]+actions[plan.Replace]+actions[plan.Delete] > 0 {
		b.t.Errorf("the plan has %v, want updates alone", actions)
	}
	b.apply(b.Updated)
	b.settled(b.Updated)
	if n := len(b.Objects(b.t, b.lineage)); n != len(before) {
		b.t.Errorf("%d objects exist, %d before the update", n, len(before))
	}
	b.apply(b.Document)
	b.settled(b.Document)
}

func (b *bench) testReplace() {
	if b.Replaced == cty.NilVal {
		return
	}
	b.apply(b.Document)
	before := b.Objects(b.t, b.lineage)
	p := b.plan(b.Replaced)
	if !slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.Impact == resource.ImpactReplace }) {
		b.t.Errorf("the plan replaces nothing")
	}
	b.apply(b.Replaced)
	b.settled(b.Replaced)
	if n := len(b.Objects(b.t, b.lineage)); n != len(before) {
		b.t.Errorf("%d objects exist, %d before the replacement", n, len(before))
	}
}

func (b *bench) testPutBack() {
	if b.Unserved {
		return
	}
	b.apply(b.Document)
	before := b.Objects(b.t, b.lineage)
	for name, document := range map[string]cty.Value{"updated": b.Updated, "replaced": b.Replaced} {
		if document == cty.NilVal {
			continue
		}
		b.verifier = unfit{}
		err := b.run(b.t.Context(), b.Provider, &document)
		b.verifier = nil
		if err == nil || !strings.Contains(err.Error(), "it is again as revision") {
			b.t.Errorf("%s, and unfit: %v", name, err)
		}
		b.settled(b.Document)
		if n := len(b.Objects(b.t, b.lineage)); n != len(before) {
			b.t.Errorf("%d objects exist, %d before it was %s", n, len(before), name)
		}
	}
}

// unfit is a verifier that finds fault with everything.
type unfit struct{}

func (unfit) Verify(context.Context, apply.Check) error { return errors.New("it is unfit") }

func (b *bench) testDelete() {
	b.apply(b.Document)
	recorded := b.values()
	if err := b.run(b.t.Context(), b.Provider, nil); err != nil {
		b.t.Fatal(err)
	}
	if left := b.Objects(b.t, b.lineage); len(left) > 0 {
		b.t.Errorf("left on the target:\n%s", strings.Join(left, "\n"))
	}
	writer, err := b.Provider.OpenWriter(b.t.Context(), b.Target, resource.Owner{Lineage: b.lineage})
	if err != nil {
		b.t.Fatal(err)
	}
	defer writer.Close()
	for part, r := range recorded {
		err := writer.Delete(b.t.Context(), resource.Change{
			Address: r.Address, Type: r.Type, Prior: r.Values, Revision: 2, Progress: func(string) {},
		})
		if err != nil {
			b.t.Errorf("delete the %s, which is gone: %v", part, err)
		}
	}
}

func (b *bench) testAdopt() {
	b.apply(b.Document)
	before := b.Objects(b.t, b.lineage)
	b.forget()
	if p := b.plan(b.Document); !p.Empty() {
		for _, c := range p.Changes {
			b.t.Errorf("without a record, %s is to %s: %s", c.Address, c.Action, describe(c.Differences))
		}
	}
	b.apply(b.Document)
	b.settled(b.Document)
	if after := b.Objects(b.t, b.lineage); !slices.Equal(before, after) {
		b.t.Errorf("the objects are\n%s\nand were\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
}

// testLostReplies loses the reply of the first request, then in a new run that
// of the second, and so on until a run makes fewer requests. After each, an
// undisturbed apply must bring everything in order.
func testLostReplies(t *testing.T, c *Case, name string, run func(*bench, resource.Provider) error) {
	const most = 1000
	for n := 1; n < most; n++ {
		done := false
		ok := t.Run("", func(t *testing.T) {
			b := newBench(t, c)
			if name != "create" {
				b.apply(c.Document)
			}
			objects := len(c.Objects(t, b.lineage))
			p, happened := c.LoseReply(t, n)
			err := run(b, p)
			if done = !happened(); done && err != nil {
				t.Fatalf("no reply was lost, yet: %v", err)
			}
			want := c.Document
			switch name {
			case "update":
				want = c.Updated
			case "replace":
				want = c.Replaced
			}
			b.apply(want)
			b.settled(want)
			if after := c.Objects(t, b.lineage); name != "create" && len(after) != objects {
				t.Errorf("call %d: the objects are\n%s\nwant %d", n, strings.Join(after, "\n"), objects)
			}
		})
		if done || !ok {
			return
		}
	}
	t.Errorf("more than %d requests", most)
}
