package apply

import (
	"errors"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// visit carries out one step.
func (r *runner) visit(id int) error {
	s := r.Plan.Steps[id]
	switch s.Action {
	case plan.Record:
		r.Session.Record(s.Resource, r.targets[s.Address.Target])
		return nil
	case plan.Forget:
		r.Session.Forget(s.Address)
		return nil
	}
	start := r.Now()
	r.started(s)
	outcome, err := r.guarded(s)
	var back *Rollback
	switch {
	case outcome == Failed && r.opctx.Err() != nil:
		err = errStopped // what the provider says of that is about its connections
	case outcome == Failed:
		back = r.putBack(s)
	}
	r.finished(s, outcome, err, r.Now().Sub(start))
	switch {
	case outcome == Failed:
		r.fail(failure(s, err, back))
	case outcome == Skipped && !errors.Is(err, errPutBack):
		r.journalFailed(err)
	}
	return err
}

// guarded does a step unless its server has been put back.
func (r *runner) guarded(s plan.Step) (StepOutcome, error) {
	if p := r.previousOf(s.Address); p != nil {
		p.working.RLock()
		defer p.working.RUnlock()
		if p.back {
			return Skipped, fmt.Errorf("%s: %w", s.Address.Owner(), errPutBack)
		}
	}
	return r.operate(s)
}

// errStopped ends an operation that was abandoned.
var errStopped = errors.New("stopped before it was done")

// failure is the diagnostic of an operation's error. One that the provider gave
// keeps its own words and remedy.
func failure(s plan.Step, err error, back *Rollback) *diag.Diagnostic {
	d := diag.Errorf(fmt.Sprintf("%s could not be %sd%s", s.Address, s.Action, stageText(s)), "")
	d.Address = s.Address.String()
	if errors.Is(err, errStopped) {
		d.Summary = fmt.Sprintf("%s was stopped before it was %sd", s.Address, s.Action)
		d.Detail = "The next plan finds out how far it came."
		return d
	}
	var check *checkError
	if errors.As(err, &check) {
		d.Summary = s.Address.Owner() + " does not pass its checks"
	}
	d.Because(err)
	switch {
	case back == nil:
	case back.Err == nil:
		d.Detail += fmt.Sprintf("\nThe server was put back: it is again as revision %d left it.", back.Revision)
	default:
		d.Detail += fmt.Sprintf("\nThe server could not be put back as revision %d left it: %s.", back.Revision, strings.TrimSuffix(back.Err.Error(), "."))
	}
	return d
}

func (r *runner) started(s plan.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Observer != nil {
		r.Observer.StepStarted(s, r.Now())
	}
}

func (r *runner) progress(s plan.Step) func(string) {
	return func(message string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.Observer != nil {
			r.Observer.StepProgress(s, message, r.Now())
		}
	}
}

// operate opens the writer, resolves what is wanted, and does the operation
// between its two journal entries.
func (r *runner) operate(s plan.Step) (StepOutcome, error) {
	if err := r.Session.Failed(); err != nil {
		return Skipped, err
	}
	writer, err := r.writer(s.Address.Target)
	if err != nil {
		return Failed, err
	}
	if s.Action != plan.Create {
		if err := r.keep(writer, s); err != nil {
			return Failed, fmt.Errorf("keep what is there now, to put it back if need be: %w; nothing was changed", err)
		}
	}
	if s.Action == plan.Delete {
		return r.delete(writer, s)
	}
	w, err := r.wanted(s)
	if err != nil {
		return Failed, err
	}
	next := *s.Resource
	next.DependsOn, next.Files = w.DependsOn, state.FilesOf(w.Files)
	t := r.resolver.Type(s.Type)
	next.Owned = plan.Owned(t, w.Object)
	if s.Action == plan.Update {
		recorded, _ := r.Session.View().Snapshot.Recorded(s.Address)
		if c := plan.Compare(t, w, s.Prior, recorded); len(c.Differences) == 0 {
			next.Object = s.Prior
			next.Unverified = next.Unverified && recorded != nil && recorded.Unverified
			r.Session.Record(&next, r.targets[s.Address.Target])
			if next.Unverified {
				return ended(Done, r.verified(writer, s, w, &next))
			}
			return ended(Unchanged, r.export(w, s.Prior.Values))
		}
	}
	if s.Stage.Partial() {
		return r.partial(writer, s, w, &next)
	}
	return r.write(writer, s, w, &next)
}

func ended(outcome StepOutcome, err error) (StepOutcome, error) {
	if err != nil {
		return Failed, err
	}
	return outcome, nil
}

func (r *runner) delete(writer resource.Writer, s plan.Step) (StepOutcome, error) {
	noted := &state.Resource{Address: s.Address, Type: s.Type}
	if was := r.Session.View().Snapshot.Resources[s.Address]; was != nil {
		noted = was
	}
	if err := r.Session.Begin(state.Delete, noted); err != nil {
		return Skipped, err
	}
	if err := writer.Delete(r.opctx, r.change(s, nil)); err != nil {
		return Failed, err
	}
	return ended(Done, r.end(state.Delete, s, nil))
}

// end notes the end of an operation. When that cannot be made durable, what
// depends on it must not start.
func (r *runner) end(op state.Operation, s plan.Step, exists *state.Resource) error {
	if err := r.Session.End(op, s.Address, exists); err != nil {
		return fmt.Errorf("it was done, but that could not be noted: %w", err)
	}
	return nil
}

// write creates or updates. What exists afterwards is recorded also when the
// operation failed, as far as the provider knows it.
func (r *runner) write(writer resource.Writer, s plan.Step, w *plan.Wanted, next *state.Resource) (StepOutcome, error) {
	op, do := state.Create, writer.Create
	if s.Action == plan.Update {
		op, do = state.Update, writer.Update
	}
	if err := r.Session.Begin(op, next); err != nil {
		return Skipped, err
	}
	if s.Action == plan.Create {
		r.noteCreated(s)
	}
	values, failed := do(r.opctx, r.change(s, w))
	if values == cty.NilVal && failed == nil {
		failed = fmt.Errorf("the provider gave back nothing")
	}
	if values == cty.NilVal {
		return Failed, failed
	}
	var err error
	if next.Object, err = resource.Redact(values, r.Session.View().Snapshot.DigestKey, w.Object.SecretPaths()...); err != nil {
		return Failed, err
	}
	if err := r.end(op, s, next); err != nil {
		return Failed, err
	}
	if failed != nil {
		return Failed, failed
	}
	return ended(Done, r.verified(writer, s, w, next))
}

// change is what the writer is asked for. What is not known is the provider's to
// fill in, and null for it.
func (r *runner) change(s plan.Step, w *plan.Wanted) resource.Change {
	c := resource.Change{
		Address: s.Address, Type: s.Type, Prior: s.Prior.Values,
		Revision: r.Session.View().Snapshot.Revision.Number + 1,
		Stage:    s.Stage, Progress: r.progress(s),
	}
	if w != nil {
		c.Desired, c.Files, c.Rollout = settle(w.Values), w.Files, w.Instance.Rollout
	}
	return c
}

// settle makes attributes that are not known null.
func settle(v cty.Value) cty.Value {
	if v.IsWhollyKnown() {
		return v
	}
	v, marks := v.Unmark()
	attributes := v.AsValueMap()
	for name, a := range attributes {
		if !a.IsWhollyKnown() {
			attributes[name] = cty.NullVal(a.Type())
		}
	}
	return cty.ObjectVal(attributes).WithMarks(marks)
}
