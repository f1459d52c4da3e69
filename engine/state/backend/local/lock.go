package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/erlmcp/erlmcp/engine/state"
)

const (
	// poll is how often a lock that another holds is tried again.
	poll = 50 * time.Millisecond
	// reticent is how long a holder may take to say who it is: it does so between
	// taking the lock and its first use, and takes it back just before the end.
	reticent = time.Second
)

// Lock takes the kernel's lock on the lock file. A holder that has not said who
// it is is given a moment for it, even with no wait.
func (s Store) Lock(ctx context.Context, holder state.Holder, wait time.Duration) (state.Lease, error) {
	if err := os.MkdirAll(s.path(earlierName), folderMode); err != nil {
		return nil, err
	}
	began := time.Now()
	for {
		f, err := tryLock(s.path(lockName))
		if err == nil {
			return newLease(s, f, holder)
		}
		var held *state.HeldError
		if !errors.As(err, &held) {
			return nil, err
		}
		patience := wait
		if held.Holder.Who == "" {
			patience = max(wait, reticent)
		}
		left := patience - time.Since(began)
		if left <= 0 {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w; gave up waiting: %w", err, ctx.Err())
		case <-time.After(min(poll, left)):
		}
	}
}

func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		err = &state.HeldError{Holder: readHolder(f), Where: path}
	case err != nil:
		err = fmt.Errorf("lock %s: %w", path, err)
	default:
		// Somebody may have removed the file between the open and the lock.
		if err = sameFile(f, path); err == nil {
			return f, nil
		}
	}
	f.Close()
	return nil, err
}

// readHolder returns the zero Holder when the file does not tell: its holder may
// be about to write it.
func readHolder(f *os.File) state.Holder {
	var h state.Holder
	data, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil || json.Unmarshal(data, &h) != nil {
		return state.Holder{}
	}
	return h
}

func writeHolder(f *os.File, h state.Holder) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(data, '\n'), 0)
	return err
}

// sameFile fails unless path still names the open file: whoever removed the lock
// file may have let in another holder.
func sameFile(f *os.File, path string) error {
	open, err := f.Stat()
	if err != nil {
		return fmt.Errorf("the lock was lost: %w", err)
	}
	now, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("the lock was lost: %w", err)
	}
	if !os.SameFile(open, now) {
		return fmt.Errorf("the lock was lost: %s is another file now", path)
	}
	return nil
}
