package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
)

const (
	keepEarlier = 20
	// defaultLasts is how long a lock holds without being renewed.
	defaultLasts = 30 * time.Second
	// poll is how often a lock that another holds is tried again.
	poll = time.Second
	// loads is how often a state is read anew that somebody writes meanwhile.
	loads = 10
)

// Store keeps a state in a Place.
type Store struct {
	Place Place
	// Lasts is how long a lock holds without being renewed; 0 for 30 seconds. A
	// third of it passes between two renewals.
	Lasts time.Duration
}

var _ state.Store = (*Store)(nil)

func (s *Store) lasts() time.Duration {
	if s.Lasts == 0 {
		return defaultLasts
	}
	return s.Lasts
}

// Load reads what the head names, and reads again when the head has changed
// meanwhile.
func (s *Store) Load(ctx context.Context) (state.Stored, error) {
	for n := 1; ; n++ {
		h, version, err := s.readHead(ctx)
		if err != nil {
			return state.Stored{}, err
		}
		out, err := s.load(ctx, h)
		if err != nil && !errors.Is(err, errGone) {
			return state.Stored{}, err
		}
		_, now, headErr := s.readHead(ctx)
		switch {
		case headErr != nil:
			return state.Stored{}, headErr
		case now == version:
			return out, err
		case n == loads:
			return state.Stored{}, fmt.Errorf("read %s: it changes all the time", s.Place.Path(headName))
		}
	}
}

func (s *Store) load(ctx context.Context, h head) (state.Stored, error) {
	out := state.Stored{Where: state.Where{
		Snapshot: s.Place.Path(snapshotFolder + "none"),
		Journal:  s.Place.Path(h.Journal.folder()),
		Earlier:  s.Place.Path(snapshotFolder),
		Restore:  "There is none yet.",
	}}
	j, err := s.readJournal(ctx, h.Journal)
	if err != nil {
		return state.Stored{}, err
	}
	out.Journal = j.lines
	if h.Snapshot != "" {
		out.Where.Snapshot = s.Place.Path(h.Snapshot)
		o, err := s.read(ctx, h.Snapshot)
		if err != nil {
			return state.Stored{}, err
		}
		if o != nil {
			out.Snapshot = append([]byte{}, o.Data...)
		}
	}
	earlier, err := s.names(ctx, snapshotFolder)
	if err != nil {
		return state.Stored{}, err
	}
	for _, name := range earlier {
		if name != h.Snapshot {
			out.Earlier = true
			out.Where.Restore = s.Place.Restore(s.Place.Path(name), out.Where.Snapshot)
		}
	}
	// A snapshot that the head names has been there.
	out.Earlier = out.Earlier || h.Snapshot != "" && out.Snapshot == nil
	return out, nil
}

// Earlier reads a snapshot that was kept.
func (s *Store) Earlier(ctx context.Context, serial uint64) ([]byte, error) {
	names, err := s.names(ctx, snapshotFolder)
	if err != nil {
		return nil, err
	}
	h, _, err := s.readHead(ctx)
	if err != nil {
		return nil, err
	}
	found := ""
	for _, name := range names {
		// One that never counted may lie there too, from a run that ended before
		// the head was switched to it; the one that counted was written last.
		if len(name) > len(snapshotsOf(serial)) && name[:len(snapshotsOf(serial))] == snapshotsOf(serial) && (found == "" || name == h.Snapshot) {
			found = name
		}
	}
	if found == "" {
		return nil, nil
	}
	o, err := s.read(ctx, found)
	if err != nil || o == nil {
		return nil, err
	}
	return o.Data, nil
}

// Lock takes the lease, and closes the way of whoever had it before.
func (s *Store) Lock(ctx context.Context, holder state.Holder, wait time.Duration) (state.Lease, error) {
	deadline := time.Now().Add(wait)
	for {
		l, err := s.take(ctx, holder)
		if err == nil {
			return l, nil
		}
		var held *state.HeldError
		if !errors.As(err, &held) || !time.Now().Before(deadline) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w; gave up waiting: %w", err, ctx.Err())
		case <-time.After(min(poll, s.lasts()/4, time.Until(deadline))):
		}
	}
}
