package state

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/version"
)

// Session is a state under lock, and the one place that changes it. Begin, End,
// Record and Forget may be called concurrently.
type Session struct {
	lease  Lease
	holder Holder
	view   *View
	stale  bool

	mu       sync.Mutex // guards all below
	previous uint64     // serial of the snapshot in the store; 0 for none
	working  *Snapshot
	codec    resource.Codec
	sequence int
	failed   error // of the journal; no operation begins after it
	dirty    bool
}

// Open locks a state and reads it. When another holder has it, Open waits up to
// wait. The error is a *diag.Diagnostic when the state is held or not whole.
func Open(ctx context.Context, store Store, holder Holder, wait time.Duration) (*Session, error) {
	lease, err := store.Lock(ctx, holder, wait)
	if err != nil {
		var held *HeldError
		if errors.As(err, &held) {
			return nil, diag.Errorf("The state is locked", "T%s", diag.Sentence(held)[1:]).
				Fix("Wait until it is done, or give -lock-timeout=2m to wait for it.")
		}
		return nil, fmt.Errorf("lock state: %w", err)
	}
	s, err := open(ctx, store, holder, lease)
	if err != nil {
		return nil, errors.Join(err, lease.Release())
	}
	return s, nil
}

func open(ctx context.Context, store Store, holder Holder, lease Lease) (*Session, error) {
	stored, err := store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	in, err := interpret(stored)
	if err != nil {
		return nil, err
	}
	return &Session{
		lease: lease, holder: holder, view: in.view, stale: in.stale,
		previous: in.serial, working: in.view.Snapshot.Clone(),
	}, nil
}

// View is the state as it was when the session was opened.
func (s *Session) View() *View { return s.view }

// Init writes the state when there never was one, so that its lineage and key
// hold from now on.
func (s *Session) Init(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.view.Fresh {
		return nil
	}
	if err := s.replace(ctx); err != nil {
		return err
	}
	s.view = &View{Snapshot: s.working.Clone()}
	return nil
}

// Start makes ready for operations on the targets: it folds the journal of an
// interrupted apply and begins a new one for the next revision.
func (s *Session) Start(ctx context.Context, targets map[address.Target]Target) error {
	s.mu.Lock()
	if s.view.Fresh || s.view.Journal > 0 || s.stale {
		if err := s.replace(ctx); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	s.working.Revision = Revision{Number: s.working.Revision.Number + 1, Outcome: OutcomeInterrupted}
	for a, t := range targets {
		s.working.Targets[a] = t
	}
	durable := s.append(func(e *Entry) (err error) {
		e.Kind, e.Lineage, e.Base, e.Revision = EntryHeader, s.working.Lineage, s.working.Serial, s.working.Revision.Number
		e.Holder = &s.holder
		e.Targets, err = encodeTargets(&s.codec, targets)
		return err
	})
	s.mu.Unlock()
	return s.wait(durable)
}

// Begin notes that an operation is about to start. When it returns nil, the
// entry is durable; otherwise the operation must not start.
func (s *Session) Begin(op Operation, wanted *Resource) error {
	s.mu.Lock()
	noted := *wanted
	noted.Object = resource.Object{}
	durable := s.append(func(e *Entry) (err error) {
		e.Kind, e.Operation, e.Address = EntryBegin, op, &noted.Address
		e.Resource, err = EncodeResource(&s.codec, &noted)
		return err
	})
	s.working.begin(op, &noted)
	s.mu.Unlock()
	return s.wait(durable)
}

// End notes what exists after an operation; nil for nothing. When it is not
// known what exists, End is not called. An error says that the entry is not
// durable; what it tells holds nonetheless.
func (s *Session) End(op Operation, a address.Resource, exists *Resource) error {
	s.mu.Lock()
	durable := s.append(func(e *Entry) (err error) {
		e.Kind, e.Operation, e.Address = EntryEnd, op, &a
		if exists != nil {
			e.Resource, err = EncodeResource(&s.codec, exists)
		}
		return err
	})
	s.working.end(a, exists)
	s.mu.Unlock()
	return s.wait(durable)
}

// append hands an entry to the lease. The caller holds mu, so that entries stand
// in the order of their sequence.
func (s *Session) append(fill func(*Entry) error) (durable func() error) {
	s.dirty = true
	if s.failed != nil {
		err := s.failed
		return func() error { return err }
	}
	e := &Entry{Sequence: s.sequence + 1}
	err := fill(e)
	e.Types = s.codec.Fresh()
	var line []byte
	if err == nil {
		line, err = encodeLine(e)
	}
	if err != nil {
		s.failed = err
		return func() error { return err }
	}
	s.sequence++
	return s.lease.Append(line)
}

func (s *Session) wait(durable func() error) error {
	err := durable()
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = fmt.Errorf("write journal: %w", err)
	}
	return s.failed
}

// Failed is the error after which the journal took no more; nil while it does.
func (s *Session) Failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Record notes an object as it was found, without an operation.
func (s *Session) Record(r *Resource, t Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = true
	s.working.end(r.Address, r)
	s.working.Targets[r.Address.Target] = t
}

// Forget notes that an object is gone.
func (s *Session) Forget(a address.Resource) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = true
	s.working.end(a, nil)
}

// SetOutputs notes the outputs.
func (s *Session) SetOutputs(outputs map[string]Output) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = true
	s.working.Outputs = outputs
}

// Finish folds everything noted into a new snapshot, and returns it. Nothing is
// written when nothing was noted. With an error the store holds what it held.
//
// Of the record, which goes into the history when there were operations, Finish
// fills in what the session knows.
func (s *Session) Finish(ctx context.Context, record Record) (*Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty {
		return s.working.Clone(), nil
	}
	if s.sequence > 0 {
		s.working.Revision.Outcome = record.Outcome
		record.Number, record.Serial = s.working.Revision.Number, s.working.Serial+1
		record.Who, record.Operation = s.holder.Who, s.holder.Operation
		s.working.remember(record)
	}
	s.working.Settle()
	err := s.replace(ctx)
	return s.working.Clone(), err
}

// replace writes the working snapshot. The caller holds mu.
func (s *Session) replace(ctx context.Context) error {
	next := s.working.Clone()
	next.Serial++
	next.Version = version.Version
	if err := next.Check(); err != nil {
		return fmt.Errorf("write state: it would not be whole: %w", err)
	}
	file, err := Encode(next)
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := s.lease.Replace(ctx, file, s.previous); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	s.working, s.previous = next, next.Serial
	s.stale, s.dirty = false, false
	s.sequence, s.codec = 0, resource.Codec{}
	return nil
}

// Close gives the lock back.
func (s *Session) Close() error { return s.lease.Release() }
