package remote

import (
	"context"
	"errors"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
)

// Place is where objects lie. Its methods may be called concurrently. What they
// return is what is there now: a read that follows a write sees it, wherever
// either came from.
type Place interface {
	// Read returns an object, nil when there is none.
	Read(ctx context.Context, name string) (*Object, error)
	// Write puts an object in place of the one with that version, or where there
	// is none when it is "". It fails with ErrConflict when it is otherwise. It
	// returns the new version.
	Write(ctx context.Context, name string, data []byte, version string) (string, error)
	// Remove removes an object, if there is one.
	Remove(ctx context.Context, name string) error
	// Names lists the objects of a folder ("journal/00000001/"), in order.
	Names(ctx context.Context, folder string) ([]string, error)

	// ReadLock returns the lock; the zero Lock when there never was one.
	ReadLock(ctx context.Context) (Lock, error)
	// WriteLock puts a lock in place of the one with its version, as Write does,
	// and returns it with the new one.
	WriteLock(ctx context.Context, l Lock) (Lock, error)

	// Path names an object for messages to the user: "gs://bucket/prefix/head".
	Path(name string) string
	// Restore says how to put the object at one path in the place of another.
	Restore(from, to string) string
}

// Object is what lies under a name.
type Object struct {
	Data    []byte
	Version string
}

// Lock is the record of who may write.
type Lock struct {
	Version string // "" when there is none yet
	// Token grows by one with each holder.
	Token uint64
	// Nonce tells two that try to lock at the same time apart.
	Nonce  string
	Held   bool // until the holder gives it back
	Holder state.Holder
	// Lasts is how long it holds since it was last written.
	Lasts time.Duration
	// Age is the time since then, by the clock of the place.
	Age time.Duration
}

// ErrConflict says that an object is not of the version that was expected.
var ErrConflict = errors.New("somebody else has written it meanwhile")

// Temporary is an error after which the same may be tried again.
type Temporary struct {
	Err error
	// After is how long to wait at least, when the place says so.
	After time.Duration
}

func (t *Temporary) Error() string { return t.Err.Error() }
func (t *Temporary) Unwrap() error { return t.Err }
