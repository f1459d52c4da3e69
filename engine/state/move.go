package state

import (
	"context"
	"errors"
	"fmt"

	"github.com/erlmcp/erlmcp/diag"
)

// Move takes a state from one store to another, where there must be none, and
// returns what it is; nil when there was none to take. Who still looks into the
// first is told that the state is missing; its earlier snapshots stay there. A move
// that was interrupted is completed.
func Move(ctx context.Context, from, to Store, holder Holder) (_ *Snapshot, err error) {
	session, err := Open(ctx, from, holder, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if session.View().Fresh {
		return nil, nil
	}
	moved := session.View().Snapshot.Clone()
	moved.Serial++
	if err := put(ctx, to, moved, holder); err != nil {
		return nil, err
	}
	if err := session.lease.Retire(ctx); err != nil {
		return nil, fmt.Errorf("take the state away where it was: %w", err)
	}
	return moved, nil
}

func put(ctx context.Context, to Store, s *Snapshot, holder Holder) (err error) {
	lease, err := to.Lock(ctx, holder, 0)
	if err != nil {
		return fmt.Errorf("lock the place for the state: %w", err)
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	stored, err := to.Load(ctx)
	if err != nil {
		return fmt.Errorf("look into the place for the state: %w", err)
	}
	if stored.Snapshot != nil || stored.Journal != nil {
		there, err := interpret(stored)
		if err != nil {
			return err
		}
		if now := there.view.Snapshot; now.Lineage == s.Lineage && now.Serial >= s.Serial && there.view.Journal == 0 {
			return nil
		}
		return diag.Errorf("There is a state already", "%s holds a state of its own. Nothing was changed.", stored.Where.Snapshot).
			Fix("Choose another place for this one. Or give -reconfigure, to use the state that lies there and leave this one where it is.")
	}
	file, err := Encode(s)
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := lease.Replace(ctx, file, 0); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}
