package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/renameio/v2"

	"github.com/erlmcp/erlmcp/engine/state"
)

// lease holds the lock file open for as long as the lock is held.
type lease struct {
	store   Store
	lock    *os.File
	release sync.Once

	mu      sync.Mutex // guards waiting
	waiting *batch     // lines that no commit has taken yet

	commit  sync.Mutex // held while the journal is written, and guards all below
	journal *os.File   // nil until the first append
	broken  error      // after it nothing is appended
}

// batch is what one write and one sync make durable.
type batch struct {
	lines []byte
	done  chan struct{}
	err   error
}

func newLease(s Store, lock *os.File, holder state.Holder) (*lease, error) {
	if err := writeHolder(lock, holder); err != nil {
		lock.Close()
		return nil, fmt.Errorf("write %s: %w", lock.Name(), err)
	}
	return &lease{store: s, lock: lock}, nil
}

// Append puts the lines into the waiting batch. Who started the batch commits
// it, and everybody who came before it was taken shares the sync.
func (l *lease) Append(lines []byte) (durable func() error) {
	l.mu.Lock()
	b := l.waiting
	first := b == nil
	if first {
		b = &batch{done: make(chan struct{})}
		l.waiting = b
	}
	b.lines = append(b.lines, lines...)
	l.mu.Unlock()
	return func() error {
		if first {
			l.commitBatch(b)
		}
		<-b.done
		return b.err
	}
}

func (l *lease) commitBatch(b *batch) {
	l.commit.Lock()
	defer l.commit.Unlock()
	l.mu.Lock()
	l.waiting = nil
	l.mu.Unlock()
	if l.broken == nil {
		l.broken = l.write(b.lines)
	}
	b.err = l.broken
	close(b.done)
}

func (l *lease) write(lines []byte) error {
	if err := sameFile(l.lock, l.store.path(lockName)); err != nil {
		return err
	}
	if l.journal == nil {
		// A journal that was there has been folded: see state.Session.Start.
		f, err := os.OpenFile(l.store.path(journalName), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
		if err != nil {
			return err
		}
		l.journal = f
		if err := syncFolder(l.store.path("")); err != nil {
			return err
		}
	}
	if _, err := l.journal.Write(lines); err != nil {
		return err
	}
	return l.journal.Sync()
}

// Replace writes the snapshot beside the old one, keeps the old one under its
// serial, renames, and removes the journal.
func (l *lease) Replace(ctx context.Context, snapshot []byte, previous uint64) error {
	l.commit.Lock()
	defer l.commit.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := sameFile(l.lock, l.store.path(lockName)); err != nil {
		return err
	}
	path := l.store.path(stateName)
	if err := l.fence(ctx, previous); err != nil {
		return err
	}
	next, err := renameio.NewPendingFile(path, renameio.WithPermissions(fileMode), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer next.Cleanup()
	if _, err := next.Write(snapshot); err != nil {
		return err
	}
	if err := l.keep(path, previous); err != nil {
		return fmt.Errorf("keep the earlier snapshot: %w", err)
	}
	if err := next.CloseAtomicallyReplace(); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return l.dropJournal()
}

// fence refuses to replace a snapshot that is not the one that was read.
func (l *lease) fence(ctx context.Context, previous uint64) error {
	stored, err := l.store.Load(ctx)
	if err != nil {
		return err
	}
	serial, err := state.SerialOf(stored.Snapshot)
	if err != nil {
		return fmt.Errorf("%s %w", stored.Where.Snapshot, err)
	}
	if serial != previous {
		return fmt.Errorf("%s has the serial %d, not %d: somebody else wrote it", stored.Where.Snapshot, serial, previous)
	}
	return nil
}

// keep links the snapshot at path among the earlier ones, and removes those that
// are too many.
func (l *lease) keep(path string, serial uint64) error {
	if serial == 0 {
		return nil
	}
	folder := l.store.path(earlierName)
	name := filepath.Join(folder, earlierFile(serial))
	// One may be there from a run that ended between here and the rename.
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(path, name); err != nil {
		return err
	}
	earlier, err := l.store.earlier()
	if err != nil {
		return err
	}
	for _, old := range earlier[:max(0, len(earlier)-keepEarlier)] {
		if err := os.Remove(filepath.Join(folder, old)); err != nil {
			return err
		}
	}
	return syncFolder(folder)
}

func (l *lease) dropJournal() error {
	if l.journal != nil {
		l.journal.Close()
		l.journal = nil
	}
	if err := os.Remove(l.store.path(journalName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(l.store.path(""))
}

// Release closes the lock file, and with it the lock.
func (l *lease) Release() (err error) {
	l.release.Do(func() {
		l.commit.Lock()
		defer l.commit.Unlock()
		l.broken = fmt.Errorf("the lock was given back")
		if l.journal != nil {
			l.journal.Close()
		}
		err = errors.Join(l.lock.Truncate(0), l.lock.Close())
	})
	return err
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
