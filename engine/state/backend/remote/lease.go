package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
)

// releaseTimeout bounds giving a lease back: it ends by itself when that fails.
const releaseTimeout = 10 * time.Second

// lease is held until ctx is done, whose cause then says why.
type lease struct {
	store   *Store
	token   uint64
	ctx     context.Context
	lose    context.CancelCauseFunc
	release sync.Once

	beating chan struct{} // closed when the lease is renewed no more
	lock    Lock          // of beat, and after it of Release
	ends    time.Time     // of beat

	lines       state.Appender
	head        head // of lines.Write and lines.Hold, as all below
	headVersion string
	next        int // number of the next object of the journal
}

// newLease is the lease of a lock that was asked for at that time.
func (s *Store) newLease(lock Lock, asked time.Time) *lease {
	l := &lease{store: s, token: lock.Token, lock: lock, ends: ending(lock, asked), beating: make(chan struct{}), next: 1}
	l.ctx, l.lose = context.WithCancelCause(context.Background())
	l.lines.Write = l.write
	go l.beat()
	return l
}

// ending is when a holder must take its lock for lost that was asked for at that
// time: a sixth before anybody else may.
func ending(l Lock, asked time.Time) time.Time { return asked.Add(l.Lasts - l.Lasts/6) }

// beat renews the lease until it is given back or lost.
func (l *lease) beat() {
	defer close(l.beating)
	next := time.NewTimer(l.lock.Lasts / 3)
	defer next.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-next.C:
		}
		asked := time.Now()
		ctx, cancel := context.WithDeadline(l.ctx, l.ends)
		lock, err := l.store.writeLock(ctx, l.lock)
		cancel()
		switch {
		case err == nil:
			l.lock, l.ends = lock, ending(lock, asked)
			next.Reset(l.lock.Lasts / 3)
		case errors.Is(err, ErrConflict):
			l.lose(l.overtaken())
		case !time.Now().Before(l.ends):
			l.lose(fmt.Errorf("the lock was lost: it could not be renewed in time: %w", err))
		default:
			next.Reset(l.lock.Lasts / 12)
		}
	}
}

func (l *lease) overtaken() error {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	now, err := l.store.Place.ReadLock(ctx)
	if err != nil || now.Holder.Who == "" {
		return errors.New("the lock was lost: somebody else has it")
	}
	return fmt.Errorf("the lock was lost: it went on to %s", now.Holder)
}

// within is a context that ends with the lease too.
func (l *lease) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.ctx, func() { cancel(context.Cause(l.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// Append adds to the journal.
func (l *lease) Append(lines []byte) (durable func() error) { return l.lines.Append(lines) }

func (l *lease) write(lines []byte) error {
	if err := context.Cause(l.ctx); err != nil {
		return err
	}
	if l.head.Journal.Token != l.token {
		return errors.New("the journal of an earlier apply has not been folded")
	}
	_, err := l.store.write(l.ctx, l.head.Journal.object(l.next), lines, "")
	if errors.Is(err, ErrConflict) {
		err = l.overtaken()
	}
	if err == nil {
		l.next++
	}
	return err
}

// Replace writes the snapshot beside the old one and switches the head to it. The
// version of the head is the fence, and stronger than the serial.
func (l *lease) Replace(ctx context.Context, snapshot []byte, _ uint64) error {
	serial, err := state.SerialOf(snapshot)
	if err != nil {
		return err
	}
	return l.change(ctx, func(ctx context.Context, h *head) error {
		h.Snapshot = snapshotName(serial, snapshot)
		h.Journal = row{Token: l.token, From: l.next}
		_, err := l.store.write(ctx, h.Snapshot, snapshot, "")
		return err
	})
}

// Retire lets the head name no snapshot.
func (l *lease) Retire(ctx context.Context) error {
	return l.change(ctx, func(_ context.Context, h *head) error {
		h.Snapshot, h.Journal = "", row{Token: l.token, From: l.next}
		return nil
	})
}

// change writes a new head, and then removes what counts no more. Whatever of that
// cannot be removed goes the next time.
func (l *lease) change(ctx context.Context, f func(context.Context, *head) error) error {
	return l.lines.Hold(func() error {
		ctx, cancel := l.within(ctx)
		defer cancel()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		h := l.head
		if err := f(ctx, &h); err != nil {
			return err
		}
		version, err := l.store.writeHead(ctx, h, l.headVersion)
		if errors.Is(err, ErrConflict) {
			return l.overtaken()
		}
		if err != nil {
			return err
		}
		l.head, l.headVersion = h, version
		for _, name := range l.garbage(ctx) {
			if l.store.Place.Remove(ctx, name) != nil {
				break
			}
		}
		return nil
	})
}

// garbage is what counts no more: folded entries, and snapshots beyond those that
// are kept. The last object of another's journal stays for good: it is what closes
// it.
func (l *lease) garbage(ctx context.Context) []string {
	var out []string
	entries, err := l.store.names(ctx, journalFolder)
	if err != nil {
		return nil
	}
	own := l.head.Journal
	for i, name := range entries {
		mine := strings.HasPrefix(name, own.folder())
		last := i == len(entries)-1 || folderOf(entries[i+1]) != folderOf(name)
		if mine && name < own.object(own.From) || !mine && !last {
			out = append(out, name)
		}
	}
	snapshots, err := l.store.names(ctx, snapshotFolder)
	if err != nil {
		return out
	}
	snapshots = slices.DeleteFunc(snapshots, func(name string) bool { return name == l.head.Snapshot })
	return append(out, snapshots[:max(0, len(snapshots)-keepEarlier)]...)
}

func folderOf(object string) string { return object[:strings.LastIndexByte(object, '/')+1] }

// Release gives the lease back, so that nobody has to wait for its end.
func (l *lease) Release() (err error) {
	l.release.Do(func() {
		back := errors.New("the lock was given back")
		l.lines.Close(back)
		l.lose(back)
		<-l.beating
		if context.Cause(l.ctx) != back {
			return // it is another's
		}
		ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
		defer cancel()
		free := l.lock
		free.Held = false
		if _, err = l.store.writeLock(ctx, free); errors.Is(err, ErrConflict) {
			err = nil // overtaken meanwhile
		}
	})
	return err
}
