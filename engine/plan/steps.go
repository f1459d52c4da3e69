package plan

import (
	"slices"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/graph"
)

// node is a step before it has a number.
type node struct {
	address address.Resource
	action  Action
	stage   int // of an update in stages
}

// buildSteps turns the decisions into the execution graph.
//
// Creating or updating waits for creating and updating what is needed. Each stage
// of an update waits for the one before it. Deleting waits for deleting what cannot
// outlive it, unless that goes with it, and then waits for it. The creation of a
// replacement waits for the deletion. These are in no circle as long as the wanted
// and the recorded dependencies are not. On top of them, deleting a resource for
// good waits for the deletion, or the change away from it, of whatever used it;
// should that close a circle, it is left out. And what takes over a port waits until
// it is given up, see [planner.refuseTrade]. It reports whether there is such a graph.
func (p *planner) buildSteps() bool {
	g, err := p.stepGraph(true, true)
	if err != nil {
		g, err = p.stepGraph(false, true)
	}
	if err != nil {
		circle := err
		if g, err = p.stepGraph(false, false); err == nil && p.refuseTrade(circle) {
			return false
		}
	}
	if err != nil {
		p.diags = append(p.diags, diag.Errorf("The order of changes cannot be settled", "Resources depend on each other in %s.", err))
		return false
	}
	p.number(g)
	return true
}

// number makes steps of an execution graph.
func (p *planner) number(g *graph.Graph[node]) {
	order, _ := g.Order() // it has one
	ids := make(map[node]int, len(order))
	for i, n := range order {
		ids[n] = i
	}
	p.plan.Steps = make([]Step, len(order))
	for i, n := range order {
		d := p.decided[n.address]
		s := Step{ID: i, Address: n.address, Type: d.change.Type, Action: n.action}
		if n.action == Update && len(d.change.Stages) > 0 {
			s.Stage = d.change.Stages[n.stage]
		}
		switch n.action {
		case Create:
			s.Resource = d.next
		case Update:
			s.Resource, s.Prior = d.next, d.found
		case Delete:
			s.Prior = d.found
		case Record:
			s.Resource = d.next
		}
		for _, need := range g.Needs(n) {
			s.DependsOn = append(s.DependsOn, ids[need])
		}
		slices.Sort(s.DependsOn)
		s.DependsOn = slices.Compact(s.DependsOn)
		p.plan.Steps[i] = s
	}
}

// stepGraph is the execution graph, with those of the waits that are asked for. The
// error is a *graph.CycleError.
func (p *planner) stepGraph(courtesy, ports bool) (*graph.Graph[node], error) {
	g := &graph.Graph[node]{}
	for i := range p.plan.Changes {
		a := p.plan.Changes[i].Address
		for _, action := range p.decided[a].actions() {
			g.Add(p.first(a, action))
		}
		for stage := 1; stage < len(p.decided[a].change.Stages); stage++ {
			g.Depend(node{a, Update, stage}, node{a, Update, stage - 1})
		}
	}
	for i := range p.plan.Changes {
		a := p.plan.Changes[i].Address
		d := p.decided[a]
		p.waitToMake(g, a, d)
		p.waitToDelete(g, a, d, courtesy)
	}
	if ports {
		for _, t := range p.takeovers() {
			g.Depend(t.taker, t.giver)
		}
	}
	_, err := g.Order()
	return g, err
}

// first and last are the steps with which an action begins and ends.
func (p *planner) first(a address.Resource, action Action) node { return node{a, action, 0} }

func (p *planner) last(a address.Resource, action Action) node {
	if n := len(p.decided[a].change.Stages); action == Update && n > 0 {
		return node{a, action, n - 1}
	}
	return node{a, action, 0}
}

// actions are those of the steps that a decision takes.
func (d *decision) actions() []Action {
	switch a := d.change.Action; {
	case a == Replace:
		return []Action{Delete, Create}
	case a != NoOp:
		return []Action{a}
	case !d.record:
		return nil
	case d.next == nil:
		return []Action{Forget}
	default:
		return []Action{Record}
	}
}

// made is the action by which a resource comes to be as wanted; "" for none.
func (d *decision) made() Action {
	switch d.change.Action {
	case Create, Replace:
		return Create
	case Update:
		return Update
	}
	return ""
}

// leaves is the action by which what exists gives up what it holds; "" for none.
func (d *decision) leaves() Action {
	switch {
	case d.deletes():
		return Delete
	case d.change.Action == Update:
		return Update
	}
	return ""
}

// deletes reports whether the object that exists goes.
func (d *decision) deletes() bool {
	return d.change.Action == Delete || d.change.Action == Replace
}

func (p *planner) waitToMake(g *graph.Graph[node], a address.Resource, d *decision) {
	made := d.made()
	if made == "" {
		return
	}
	if d.change.Action == Replace {
		g.Depend(p.first(a, Create), p.last(a, Delete))
	}
	for _, need := range d.next.DependsOn {
		if n := p.decided[need]; n != nil && n.made() != "" {
			g.Depend(p.first(a, made), p.last(need, n.made()))
		}
	}
}

// goesWith reports whether the deletion of u takes d along.
func (p *planner) goesWith(d, u *decision) bool {
	t := p.resolver.Type(d.change.Type)
	return t != nil && t.GoesWith != "" && t.GoesWith == u.change.Type
}

// waitToDelete says what waits for the end of a resource that used others: their
// deletion.
func (p *planner) waitToDelete(g *graph.Graph[node], a address.Resource, d *decision, courtesy bool) {
	for _, used := range d.before {
		u := p.decided[used]
		if u == nil || !u.deletes() {
			continue
		}
		pure := u.change.Action == Delete
		switch {
		case d.deletes() && contains(a, used) && p.goesWith(d, u):
			g.Depend(p.first(a, Delete), p.last(used, Delete))
			if !pure { // what is made in its place may bring the like along
				g.Depend(p.first(used, Create), p.last(a, Delete))
			}
		case d.deletes() && (contains(a, used) || pure && courtesy):
			g.Depend(p.first(used, Delete), p.last(a, Delete))
		case d.change.Action == Update && pure && courtesy:
			g.Depend(p.first(used, Delete), p.last(a, Update))
		}
	}
}
