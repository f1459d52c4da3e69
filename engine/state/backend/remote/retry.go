package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// attemptTimeout bounds one request.
	attemptTimeout = time.Minute
	// patience is how long requests are repeated that fail for now.
	patience    = 30 * time.Second
	shortestNap = 200 * time.Millisecond
	longestNap  = 5 * time.Second
)

// try repeats what fails for now, for a while.
func try(ctx context.Context, f func(context.Context) error) error {
	enough := time.Now().Add(patience)
	for nap := shortestNap; ; nap = min(2*nap, longestNap) {
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		err := f(attempt)
		cancel()
		var again *Temporary
		if err == nil || !errors.As(err, &again) {
			return because(ctx, err)
		}
		wait := max(nap, again.After)
		if time.Now().Add(wait).After(enough) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return because(ctx, err)
		case <-timer.C:
		}
	}
}

// because adds why a context ended to an error.
func because(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
}

func (s *Store) read(ctx context.Context, name string) (o *Object, err error) {
	err = try(ctx, func(ctx context.Context) (err error) {
		o, err = s.Place.Read(ctx, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.Place.Path(name), err)
	}
	return o, nil
}

func (s *Store) names(ctx context.Context, folder string) (names []string, err error) {
	err = try(ctx, func(ctx context.Context) (err error) {
		names, err = s.Place.Names(ctx, folder)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", s.Place.Path(folder), err)
	}
	return names, nil
}

// write puts an object where version says. That it lies there already with the same
// content is as good: the reply to an earlier attempt may have been lost. No two
// holders ever mean to write the same.
func (s *Store) write(ctx context.Context, name string, data []byte, version string) (next string, err error) {
	err = try(ctx, func(ctx context.Context) error {
		v, err := s.Place.Write(ctx, name, data, version)
		if errors.Is(err, ErrConflict) {
			now, rerr := s.Place.Read(ctx, name)
			if rerr != nil {
				return rerr
			}
			if now != nil && bytes.Equal(now.Data, data) {
				v, err = now.Version, nil
			}
		}
		next = v
		return err
	})
	if err != nil {
		return "", fmt.Errorf("write %s: %w", s.Place.Path(name), err)
	}
	return next, nil
}

func (s *Store) readLock(ctx context.Context) (l Lock, err error) {
	err = try(ctx, func(ctx context.Context) (err error) {
		l, err = s.Place.ReadLock(ctx)
		return err
	})
	if err != nil {
		return Lock{}, fmt.Errorf("read %s: %w", s.Place.Path(lockName), err)
	}
	return l, nil
}

// writeLock is write for the lock. One that bears the same nonce is this holder's
// own, from an attempt whose reply was lost: it is written anew.
func (s *Store) writeLock(ctx context.Context, l Lock) (next Lock, err error) {
	err = try(ctx, func(ctx context.Context) error {
		got, err := s.Place.WriteLock(ctx, l)
		if errors.Is(err, ErrConflict) {
			now, rerr := s.Place.ReadLock(ctx)
			if rerr != nil {
				return rerr
			}
			if now.Nonce == l.Nonce {
				l.Version = now.Version
				return &Temporary{Err: err}
			}
		}
		next = got
		return err
	})
	if err != nil {
		return Lock{}, fmt.Errorf("write %s: %w", s.Place.Path(lockName), err)
	}
	return next, nil
}
