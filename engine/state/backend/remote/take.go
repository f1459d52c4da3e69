package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
)

// take makes this the holder of the lease, unless another is.
func (s *Store) take(ctx context.Context, holder state.Holder) (*lease, error) {
	before, err := s.readLock(ctx)
	if err != nil {
		return nil, err
	}
	if before.Held && before.Age <= before.Lasts {
		return nil, s.held(before)
	}
	asked := time.Now()
	lock, err := s.writeLock(ctx, Lock{
		Version: before.Version, Token: before.Token + 1, Nonce: rand.Text(), Held: true, Holder: holder, Lasts: s.lasts(),
	})
	if errors.Is(err, ErrConflict) {
		// Somebody was quicker.
		now, err := s.readLock(ctx)
		if err != nil {
			return nil, err
		}
		return nil, s.held(now)
	}
	if err != nil {
		return nil, err
	}
	l := s.newLease(lock, asked)
	if err := l.takeOver(ctx, before); err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return l, nil
}

func (s *Store) held(l Lock) error {
	return &state.HeldError{Holder: l.Holder, Where: s.Place.Path(lockName), Ends: max(l.Lasts-l.Age, time.Second)}
}

// takeOver closes the journal of the holder before, unless that gave its lease
// back and left none, and writes the token into the head. As long as that holder
// still writes, it begins anew with what it wrote.
func (l *lease) takeOver(ctx context.Context, before Lock) error {
	ctx, cancel := l.within(ctx)
	defer cancel()
	for {
		h, version, err := l.store.readHead(ctx)
		if err != nil {
			return err
		}
		if h.Token > l.token {
			return fmt.Errorf("%s was written by holder %d, and the lock knows of %d only: it has been removed or altered", l.store.Place.Path(headName), h.Token, l.token)
		}
		j, err := l.store.readJournal(ctx, h.Journal)
		if err != nil {
			return err
		}
		if h.Journal.Token != 0 && !j.closed && (before.Held || len(j.lines) > 0) {
			_, err := l.store.write(ctx, h.Journal.object(j.next), fmt.Appendf(nil, "%s%d\n", closing, l.token), "")
			if errors.Is(err, ErrConflict) {
				continue
			}
			if err != nil {
				return err
			}
		}
		h.Token = l.token
		if len(j.lines) == 0 {
			h.Journal = row{Token: l.token, From: 1}
		}
		version, err = l.store.writeHead(ctx, h, version)
		if errors.Is(err, ErrConflict) {
			continue
		}
		l.head, l.headVersion = h, version
		return err
	}
}
