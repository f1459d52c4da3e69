package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

// settingUp are the flags of init that are about the backend.
type settingUp struct {
	given       []string // -backend-config
	migrate     bool
	reconfigure bool
	forceCopy   bool
}

func (s *settingUp) any() bool {
	return len(s.given) > 0 || s.migrate || s.reconfigure || s.forceCopy
}

// setUpBackend makes the working folder keep its state where the configuration
// says, and brings the state there when it lies elsewhere.
func (c *cli) setUpBackend(ctx context.Context, flags settingUp) error {
	if flags.reconfigure && (flags.migrate || flags.forceCopy) {
		return diag.Errorf("Contradicting flags", "-reconfigure leaves the state where it is, and -migrate-state moves it.")
	}
	next, err := c.wanted(flags.given)
	if err != nil {
		return err
	}
	now, err := c.readSetUp()
	if err != nil && !flags.reconfigure {
		return err
	}
	if sameBackend(now, next) && !flags.reconfigure {
		if err := c.writeSetUp(next); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "The state lies in %s, as before.\n", c.place(next))
		return nil
	}
	if now != nil && !flags.reconfigure && !flags.migrate && !flags.forceCopy {
		return diag.Errorf("The backend has changed", "The state lies in %s, and the configuration names %s.", c.place(now), c.place(next)).
			Fix("To move the state: erlmcp init -migrate-state. To use what lies there now: erlmcp init -reconfigure.")
	}
	to, err := c.open(ctx, next)
	if err != nil {
		return err
	}
	if !flags.reconfigure {
		if err := c.move(ctx, now, next, to, flags.forceCopy); err != nil {
			return err
		}
	}
	view, err := state.Read(ctx, to)
	if err != nil {
		return aboutState(to, "Cannot read the state", err)
	}
	if err := c.writeSetUp(next); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "The state lies in %s: %s.\n", c.where(next, to), held(view))
	return nil
}

// wanted is the backend that the configuration names, nil for none.
func (c *cli) wanted(given []string) (*setUp, error) {
	block, err := c.declared()
	if err != nil {
		return nil, err
	}
	if block == nil {
		if len(given) > 0 {
			return nil, diag.Errorf("There is no backend", "-backend-config adds to a backend block, and the configuration has none.").
				Fix("Write one, such as erlmcp { backend \"gcs\" {} }.")
		}
		return nil, nil
	}
	complete, diags := block.Complete(given)
	if diags.HasErrors() {
		return nil, diags.Err()
	}
	return &setUp{Kind: block.Kind, Written: block.Written, Config: complete}, nil
}

func sameBackend(a, b *setUp) bool {
	if a.isLocal() || b.isLocal() {
		return a.isLocal() && b.isLocal()
	}
	return a.Kind == b.Kind && compacted(a.Config) == compacted(b.Config)
}

// compacted is JSON without the spaces that a file gives it.
func compacted(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// move brings the state from one backend to another, when there is any.
func (c *cli) move(ctx context.Context, now, next *setUp, to state.Store, approved bool) error {
	from, err := c.open(ctx, now)
	if err != nil {
		return err
	}
	there, err := state.Read(ctx, from)
	if err != nil {
		return aboutState(from, "Cannot read the state", err)
	}
	if there.Fresh {
		return nil
	}
	fmt.Fprintf(c.out, "The state lies in %s: %s.\n", c.where(now, from), held(there))
	if !approved {
		question := fmt.Sprintf("Move it to %s?", c.where(next, to))
		if err := c.ask(ctx, question, "Give -force-copy to move it without being asked, or -reconfigure to leave it where it is."); err != nil {
			return err
		}
	}
	_, err = state.Move(ctx, from, to, holder("init"))
	return aboutState(to, "Cannot move the state", err)
}

// where names the place of an open backend.
func (c *cli) where(s *setUp, store state.Store) string {
	if at, ok := store.(*remote.Store); ok {
		return at.Place.Path("")
	}
	return c.place(s)
}

func held(v *state.View) string {
	if v.Fresh {
		return "nothing is recorded yet"
	}
	n := len(v.Snapshot.Resources)
	return fmt.Sprintf("%d %s, revision %d", n, map[bool]string{true: "resource", false: "resources"}[n == 1], v.Snapshot.Revision.Number)
}
