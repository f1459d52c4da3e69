package apply

import (
	"errors"
	"fmt"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
)

const (
	// watchEvery is how often what is new is looked at while it is watched.
	watchEvery = 2 * time.Second
	// enough is how many errors what is new must have answered with before they
	// count: a few say little.
	enough = 3
	// tolerance is by how much the share of errors may be above that of what was
	// there before.
	tolerance = 0.05
)

// hold watches what is new for the time of its stage. It ends early when that
// answers with more errors than what was there before, or is not well any more, and
// when the apply is to stop: then the rollout stays where it is.
func (r *runner) hold(writer resource.Writer, s plan.Step, w *plan.Wanted) error {
	watcher, ok := writer.(resource.Watcher)
	if !ok || s.Stage.Hold == 0 {
		return nil
	}
	progress := r.progress(s)
	progress(fmt.Sprintf("watching it for %s", s.Stage.Hold))
	change := r.change(s, w)
	next, now, err := watcher.Watch(r.opctx, change)
	if err != nil {
		return err
	}
	began := judgement{next: next, now: now}
	end := time.NewTimer(s.Stage.Hold)
	defer end.Stop()
	look := time.NewTicker(min(watchEvery, s.Stage.Hold))
	defer look.Stop()
	for last := false; ; {
		select {
		case <-r.opctx.Done():
			return r.opctx.Err()
		case <-r.stopping:
			return errStands
		case <-end.C:
			last = true
		case <-look.C:
		}
		if next, now, err = watcher.Watch(r.opctx, change); err != nil {
			return err
		}
		j := judgement{since(began.next, next), since(began.now, now)}
		progress("watching it: " + j.String())
		if err := j.verdict(); err != nil || last {
			return err
		}
	}
}

// stands says of a rollout that it was stopped while what is new was watched.
func stands(s plan.Step) *diag.Diagnostic {
	d := diag.Errorf("The rollout of "+s.Address.Owner()+" stands at "+s.Stage.String(),
		"What is new was not watched to the end of that time, and stands beside what was there before, which is whole.").
		Fix("Run erlmcp apply again to go on with it, or put the configuration back first to take it back.")
	d.Severity, d.Address = diag.Warning, s.Address.String()
	return d
}

// errStands ends the watching of what is new when the apply is to stop.
var errStands = errors.New("stopped while it was watched")

// judgement sets what is new beside what was there before.
type judgement struct{ next, now resource.Answers }

// since is what was answered after before. Counters that began anew count whole.
func since(before, after resource.Answers) resource.Answers {
	if after.Unknown || before.Unknown || after.Requests < before.Requests || after.Errors < before.Errors {
		return after
	}
	return resource.Answers{Requests: after.Requests - before.Requests, Errors: after.Errors - before.Errors}
}

func share(a resource.Answers) float64 {
	if a.Unknown || a.Requests == 0 {
		return 0
	}
	return float64(a.Errors) / float64(a.Requests)
}

func (j judgement) String() string {
	if j.next.Unknown {
		return "its answers cannot be counted"
	}
	return fmt.Sprintf("%d requests, %.1f%% errors (before the change: %.1f%%)", j.next.Requests, 100*share(j.next), 100*share(j.now))
}

func (j judgement) verdict() error {
	if j.next.Unknown || j.next.Errors < enough || share(j.next) <= share(j.now)+tolerance {
		return nil
	}
	return diag.Errorf("the new version answers with errors", "Of %d requests, %d were answered with an error (%.1f%%); of what was there before, %.1f%%.",
		j.next.Requests, j.next.Errors, 100*share(j.next), 100*share(j.now)).
		Fix("Correct the configuration and apply again.")
}
