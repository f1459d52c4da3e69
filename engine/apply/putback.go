package apply

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/graph"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// errPutBack is why a step is not done any more.
var errPutBack = errors.New("the server was put back as it was")

// previous is what a server was before this apply, as far as the apply has
// changed it, so that it can be put back.
type previous struct {
	// working is held for reading while a step of the server works, and for
	// writing while the server is put back; it guards back.
	working sync.RWMutex
	back    bool

	mu      sync.Mutex // guards all below
	partial bool       // something that was changed could not be kept
	created []plan.Step
	kept    map[address.Resource]*kept
}

// kept is an object before it was changed.
type kept struct {
	values   cty.Value // in the clear
	files    []resource.File
	folder   string // of the files
	recorded *state.Resource
	deleted  bool // it was deleted, not updated
}

// watch finds the servers that existed before this apply and are changed by it.
// Those whose rollout leaves a failed change are not among them, nor those whose
// checks have not passed: what they were is not worth going back to.
func (r *runner) watch(checked map[config.Ref]*plan.Wanted) {
	for i := range r.Plan.Changes {
		c := &r.Plan.Changes[i]
		w := checked[c.Source]
		if w == nil || c.Address.Shared() || c.Before.Values == cty.NilVal || w.Instance.Rollout.LeaveFailed {
			continue
		}
		if was := r.Session.View().Snapshot.Resources[w.Address]; was == nil || was.Unverified {
			continue
		}
		if c.Action == plan.Update || c.Action == plan.Replace {
			r.previous[c.Source] = &previous{kept: map[address.Resource]*kept{}}
		}
	}
}

func (r *runner) previousOf(a address.Resource) *previous {
	if a.Shared() {
		return nil
	}
	return r.previous[config.Ref{Server: a.Server, Target: a.Target}]
}

// keep remembers an object of a watched server that is about to be changed.
func (r *runner) keep(writer resource.Writer, s plan.Step) error {
	p := r.previousOf(s.Address)
	if p == nil {
		return nil
	}
	if p.keeps(s.Address) {
		return nil // at an earlier stage
	}
	k := &kept{recorded: r.Session.View().Snapshot.Resources[s.Address], deleted: s.Action == plan.Delete}
	keeper, ok := writer.(resource.Keeper)
	if ok && k.recorded != nil {
		var err error
		if k.folder, err = os.MkdirTemp("", "erlmcp-kept-"); err != nil {
			return err
		}
		key := resource.Key{Address: s.Address, Type: s.Type, Prior: k.recorded.Object.Values}
		if k.values, k.files, err = keeper.Keep(r.opctx, key, k.folder); err != nil {
			return errors.Join(err, os.RemoveAll(k.folder))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.partial = p.partial || k.values == cty.NilVal
	p.kept[s.Address] = k
	return nil
}

func (p *previous) keeps(a address.Resource) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kept[a] != nil
}

func (r *runner) noteCreated(s plan.Step) {
	if p := r.previousOf(s.Address); p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.created = append(p.created, s)
	}
}

// dropKept removes the copies of files.
func (r *runner) dropKept() {
	for _, p := range r.previous {
		for _, k := range p.kept {
			if k.folder != "" {
				_ = os.RemoveAll(k.folder) // in the folder for temporary files, which others clean too
			}
		}
	}
}

// putBack undoes what this apply did to the server of a step that failed. It is
// nil when that is not to be, or there is nothing to undo.
func (r *runner) putBack(s plan.Step) *Rollback {
	p := r.previousOf(s.Address)
	if p == nil || r.opctx.Err() != nil || r.Session.Failed() != nil {
		return nil
	}
	p.working.Lock()
	defer p.working.Unlock()
	if p.back || p.partial || len(p.kept)+len(p.created) == 0 || r.endpointDone(s.Address) {
		return nil
	}
	p.back = true
	progress := r.progress(s)
	progress("putting back what was there before")
	b := &Rollback{
		Server:   config.Ref{Server: s.Address.Server, Target: s.Address.Target},
		Revision: r.Session.View().Snapshot.Revision.Number,
		Err:      r.undo(p, progress),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.Err == nil {
		for i := range r.result.Steps {
			if done := &r.result.Steps[i]; r.previousOf(done.Step.Address) == p && done.Outcome == Done {
				done.Outcome = Undone
			}
		}
	}
	r.result.RolledBack = append(r.result.RolledBack, *b)
	return b
}

// endpointDone reports whether the change of a server's endpoint was done and has
// passed its checks: others may rely on it by now.
func (r *runner) endpointDone(a address.Resource) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.result.Steps, func(s StepResult) bool {
		done := s.Step.Address
		return s.Outcome == Done && s.Step.Action != plan.Delete && !s.Step.Stage.Partial() && s.Step.Resource.Endpoint &&
			done.Server == a.Server && done.Target == a.Target
	})
}

// undo deletes what was created, the latest first, and brings what was there
// before back to what it was, in the order of its dependencies.
func (r *runner) undo(p *previous, progress func(string)) error {
	for _, s := range slices.Backward(p.created) {
		if err := r.undoCreate(s, progress); err != nil {
			return err
		}
	}
	g := &graph.Graph[address.Resource]{}
	for _, a := range slices.SortedFunc(maps.Keys(p.kept), address.Resource.Compare) {
		g.Add(a)
		for _, need := range p.kept[a].recorded.DependsOn {
			if p.kept[need] != nil {
				g.Depend(a, need)
			}
		}
	}
	order, err := g.Order()
	if err != nil {
		return err
	}
	for _, a := range order {
		if err := r.restore(a, p.kept[a], progress); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) undoCreate(s plan.Step, progress func(string)) error {
	writer, err := r.writer(s.Address.Target)
	if err != nil {
		return err
	}
	if err := r.Session.Begin(state.Delete, s.Resource); err != nil {
		return err
	}
	c := r.change(s, nil)
	c.Progress = progress
	if err := writer.Delete(r.opctx, c); err != nil {
		return fmt.Errorf("delete %s: %w", s.Address, err)
	}
	return r.end(state.Delete, s, nil)
}

// restore brings one object back to what was kept of it.
func (r *runner) restore(a address.Resource, k *kept, progress func(string)) error {
	writer, err := r.writer(a.Target)
	if err != nil {
		return err
	}
	op, do := state.Update, writer.Update
	if k.deleted {
		op, do = state.Create, writer.Create
	}
	back := *k.recorded
	if err := r.Session.Begin(op, &back); err != nil {
		return err
	}
	c := resource.Change{
		Address: a, Type: back.Type, Desired: owned(k.values, back.Owned), Files: k.files,
		Revision: r.Session.View().Snapshot.Revision.Number, Progress: progress,
	}
	if !k.deleted {
		c.Prior = back.Object.Values
	}
	values, failed := do(r.opctx, c)
	if values == cty.NilVal {
		return fmt.Errorf("%s %s: %w", op, a, cmp.Or(failed, errors.New("the provider gave back nothing")))
	}
	if back.Object, err = resource.Redact(values, r.Session.View().Snapshot.DigestKey, back.Object.SecretPaths()...); err != nil {
		return err
	}
	if err := r.Session.End(op, a, &back); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("%s %s: %w", op, a, failed)
	}
	if !back.Endpoint {
		return nil
	}
	exported, err := plan.Exported(back.Object.Values)
	if err != nil {
		return err
	}
	r.resolver.Export(config.Ref{Server: a.Server, Target: a.Target}, exported)
	return nil
}

// owned are the values of an object with only those attributes that were set.
func owned(values cty.Value, names []string) cty.Value {
	values, marks := values.Unmark()
	attributes := values.AsValueMap()
	for name, v := range attributes {
		if !slices.Contains(names, name) {
			attributes[name] = cty.NullVal(v.Type())
		}
	}
	return cty.ObjectVal(attributes).WithMarks(marks)
}
