package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/artifact"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

type writer struct {
	*machine
	runtime func() (*artifact.Binary, error)
}

// Create makes the folder and starts the process, or brings those of this owner
// and address that are there to what is desired.
func (w *writer) Create(ctx context.Context, c resource.Change) (cty.Value, error) {
	return w.bring(ctx, c)
}

// Update brings the folder and process to what is desired.
func (w *writer) Update(ctx context.Context, c resource.Change) (cty.Value, error) {
	return w.bring(ctx, c)
}

// Delete stops the process and removes the folder.
func (w *writer) Delete(ctx context.Context, c resource.Change) error {
	f, ok, err := w.find(resource.Key{Address: c.Address, Type: c.Type, Prior: c.Prior})
	if err != nil || !ok {
		return err
	}
	c.Progress("stopping")
	var drain time.Duration
	if doc, err := f.document(); err == nil {
		drain = drainTimeout(doc)
	}
	if err := f.end(ctx, drain); err != nil {
		return err
	}
	if err := f.fence().drop(ctx); err != nil {
		return err
	}
	return w.remove(f)
}

// bring makes the folder and process what is desired. Each step may have been
// done already by an attempt that was cut off.
func (w *writer) bring(ctx context.Context, c resource.Change) (cty.Value, error) {
	f, err := w.place(c)
	if err != nil {
		return cty.NilVal, err
	}
	actual, err := observe(ctx, f)
	if err != nil {
		return cty.NilVal, err
	}
	how := step(actual, c.Desired)
	if how >= resource.ImpactRolling {
		// Before anything is made: a server that cannot start leaves no trace.
		if err := checkPorts(f, c.Address, c.Desired.GetAttr("document")); err != nil {
			return existing(f, actual), err
		}
	}
	if err := w.claim(f, c.Address, c.Prior); err != nil {
		return cty.NilVal, err
	}
	wasWell := actual.GetAttr("running").True() && actual.GetAttr("loaded").True()
	err = w.roll(ctx, c, f, how, wasWell)
	v, readErr := observe(context.WithoutCancel(ctx), f)
	if readErr != nil {
		return cty.NilVal, errors.Join(err, readErr)
	}
	return v, err
}

// place is where the folder is, or is to be.
func (w *writer) place(c resource.Change) (folder, error) {
	if given := c.Desired.GetAttr("folder"); !given.IsNull() {
		return folder(given.AsString()), nil
	}
	k := resource.Key{Address: c.Address, Type: c.Type, Prior: c.Prior}
	f, ok, err := w.find(k)
	if err != nil || ok {
		return f, err
	}
	return w.planned(k), nil
}

// existing is what was observed, unless there is no folder at all.
func existing(f folder, actual cty.Value) cty.Value {
	if _, err := f.readOwner(); err != nil && f.currentRelease() == "" {
		return cty.NilVal
	}
	return actual
}

// roll puts the desired release in place and has the process take it in. When
// that fails, the release that was current is put back, if it was well.
func (w *writer) roll(ctx context.Context, c resource.Change, f folder, how resource.Impact, wasWell bool) error {
	next, err := w.desiredRelease(c)
	if err != nil {
		return err
	}
	name, err := w.putRelease(f, next)
	if err != nil {
		return err
	}
	previous := f.currentRelease()
	if name != previous {
		if err := f.switchTo(name); err != nil {
			return err
		}
	}
	if err := w.takeIn(ctx, c, f, how); err != nil {
		if ctx.Err() != nil {
			return err // there is no time for more: the next apply goes on from here
		}
		if c.Rollout.LeaveFailed {
			return err
		}
		if !wasWell || name == previous {
			return errors.Join(err, f.giveUp(ctx, how))
		}
		return document.PutBack(err, w.putBack(ctx, c, f, previous, how))
	}
	if err := renameio.WriteFile(f.loaded(), []byte(name), 0o600); err != nil {
		return fmt.Errorf("note what is loaded: %w", err)
	}
	return f.prune()
}

func (w *writer) desiredRelease(c resource.Change) (release, error) {
	doc, err := schemas.Encode(c.Desired.GetAttr("document"))
	if err != nil {
		return release{}, err
	}
	return release{document: doc, files: c.Files, sha256: c.Desired.GetAttr("runtime").AsString(), runtime: w.runtime}, nil
}

// step is how the process comes to what is desired: not at all, by a reload, by a
// successor, or by a start.
func step(actual, desired cty.Value) resource.Impact {
	heaviest := resource.ImpactNone
	for _, impact := range document.Changed(processType(), actual, desired) {
		heaviest = max(heaviest, impact)
	}
	return min(heaviest, resource.ImpactRestart)
}

// takeIn has the process take in the current release, and waits until it is well.
func (w *writer) takeIn(ctx context.Context, c resource.Change, f folder, how resource.Impact) error {
	doc := c.Desired.GetAttr("document")
	switch how {
	case resource.ImpactRestart:
		drain := cmp.Or(c.Rollout.DrainTimeout, drainTimeout(doc))
		if pid, _ := f.supervisor(); pid != 0 {
			c.Progress("stopping the process that runs")
			if !f.answers(ctx) {
				drain = 0 // one that hangs has no call to end
			}
		}
		if err := f.end(ctx, drain); err != nil {
			return err
		}
		c.Progress("starting")
		return w.start(ctx, c, f)
	case resource.ImpactRolling:
		c.Progress("upgrading: a new process takes over")
		from := size(f.log())
		if err := f.succeed(ctx, doc); err != nil {
			d := diag.Errorf("the new server cannot take over", "%s", document.Excerpt([]byte(diag.Sentence(err)), c.Desired)).
				Fix("The old one goes on. Correct the configuration and apply again.")
			d.Address = c.Address.String()
			return d
		}
		return awaitHealth(ctx, c, f, nil, from)
	case resource.ImpactReload:
		c.Progress("reloading")
		from := size(f.log())
		if err := f.reload(ctx); err != nil {
			d := diag.Errorf("the server refuses its new document", "%s", document.Excerpt([]byte(diag.Sentence(err)), c.Desired)).
				Fix("It goes on with the old one. Correct the configuration and apply again.")
			d.Address = c.Address.String()
			return d
		}
		return awaitHealth(ctx, c, f, nil, from)
	}
	return nil
}

// giveUp ends a process that cannot run, and for which there is nothing to go back
// to.
func (f folder) giveUp(ctx context.Context, how resource.Impact) error {
	if how != resource.ImpactRestart {
		return nil
	}
	return f.stop(ctx, 0)
}

// putBack has the process run the previous release again.
func (w *writer) putBack(ctx context.Context, c resource.Change, f folder, previous string, how resource.Impact) error {
	fail := func(err error) error { return fmt.Errorf("put back release %s: %w", previous, err) }
	c.Progress("putting back release " + previous)
	if err := f.switchTo(previous); err != nil {
		return fail(err)
	}
	switch how {
	case resource.ImpactReload:
		if err := f.reload(ctx); err != nil {
			return fail(err)
		}
		return nil
	case resource.ImpactRolling:
		doc, err := f.document()
		if err == nil {
			err = f.succeed(ctx, doc)
		}
		if err != nil {
			return fail(err)
		}
		return nil
	}
	if err := f.stop(ctx, 0); err != nil {
		return fail(err)
	}
	if err := w.start(ctx, c, f); err != nil {
		return fail(err)
	}
	return nil
}

// start starts the current release, and waits until it is well.
func (w *writer) start(ctx context.Context, c resource.Change, f folder) error {
	doc, err := f.document() // which need not be the desired one
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	from := size(f.log())
	ended, err := f.launch(doc)
	if err != nil {
		return err
	}
	return awaitHealth(ctx, c, f, ended, from)
}

// document is that of the current release.
func (f folder) document() (cty.Value, error) {
	b, err := os.ReadFile(filepath.Join(f.current(), documentName))
	if err != nil {
		return cty.NilVal, err
	}
	return schemas.Value(b)
}

// succeed has the current release, which has that document, take over from the
// server, then holds it to its limits: both need room until the other has ended its
// calls.
func (f folder) succeed(ctx context.Context, doc cty.Value) error {
	other := f.childState().PID
	narrow, err := f.fence().widen(doc)
	if err != nil {
		return err
	}
	if err := f.takeOver(ctx); err != nil {
		if narrow != nil {
			err = errors.Join(err, narrow())
		}
		return err
	}
	var stopped error
	if narrow != nil {
		gone := func() (bool, error) { return other == 0 || syscall.Kill(other, 0) != nil, nil }
		_, stopped = await(ctx, drainTimeout(doc)+stopGrace, gone) // one that stays longer has to make do
	}
	_, err = f.fence().raise(doc)
	return errors.Join(stopped, err)
}

// takeOver has the current release take over, and returns when its supervisor
// knows it.
func (f folder) takeOver(ctx context.Context) error {
	if err := f.upgrade(ctx); err != nil {
		return err
	}
	// The supervisor writes down meanwhile which process it is.
	known := func() (bool, error) {
		now, ok := f.status(ctx)
		return ok && now.PID == f.childState().PID, nil
	}
	if ok, err := await(ctx, settleTimeout, known); err != nil || !ok {
		return errors.Join(err, errors.New("its supervisor does not tell of the new process"))
	}
	return nil
}

// drainTimeout is how long the server takes at most to end its calls.
func drainTimeout(doc cty.Value) time.Duration {
	v, _ := document.Setting(doc, "limits", "drain_timeout").Unmark()
	d, err := schemas.ParseDuration(v.AsString())
	if err != nil {
		return 0
	}
	return time.Duration(d)
}

// size is how large a file is: 0 when it is not there.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
