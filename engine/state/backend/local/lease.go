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

	lines   state.Appender
	journal *os.File // nil until the first append; of lines.Write and lines.Hold
}

func newLease(s Store, lock *os.File, holder state.Holder) (*lease, error) {
	if err := writeHolder(lock, holder); err != nil {
		lock.Close()
		return nil, fmt.Errorf("write %s: %w", lock.Name(), err)
	}
	l := &lease{store: s, lock: lock}
	l.lines.Write = l.write
	return l, nil
}

// Append adds to the journal.
func (l *lease) Append(lines []byte) (durable func() error) { return l.lines.Append(lines) }

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
	return l.lines.Hold(func() error { return l.replace(ctx, snapshot, previous) })
}

func (l *lease) replace(ctx context.Context, snapshot []byte, previous uint64) error {
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

// Retire keeps the snapshot among the earlier ones, and removes it.
func (l *lease) Retire(ctx context.Context) error {
	return l.lines.Hold(func() error {
		if err := sameFile(l.lock, l.store.path(lockName)); err != nil {
			return err
		}
		stored, err := l.store.Load(ctx)
		if err != nil || stored.Snapshot == nil {
			return err
		}
		serial, err := state.SerialOf(stored.Snapshot)
		if err != nil {
			return fmt.Errorf("%s %w", stored.Where.Snapshot, err)
		}
		if err := l.keep(stored.Where.Snapshot, serial); err != nil {
			return fmt.Errorf("keep the earlier snapshot: %w", err)
		}
		if err := os.Remove(stored.Where.Snapshot); err != nil {
			return err
		}
		return l.dropJournal()
	})
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
		l.lines.Close(fmt.Errorf("the lock was given back"))
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
