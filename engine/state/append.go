package state

import "sync"

// Appender makes lines durable: those that wait at the same time share one write.
// It is what the leases of stores append to a journal with.
type Appender struct {
	// Write makes lines durable, after those of earlier calls. It is called once
	// at a time, and no more after it has failed.
	Write func(lines []byte) error

	mu      sync.Mutex // guards waiting
	waiting *batch     // lines that no commit has taken yet

	commit sync.Mutex // held while lines are written, and guards broken
	broken error      // after it nothing is appended
}

// batch is what one write makes durable.
type batch struct {
	lines []byte
	done  chan struct{}
	err   error
}

// Append is as [Lease.Append]. Who starts a batch commits it, and everybody who
// came before it was taken shares the cost.
func (a *Appender) Append(lines []byte) (durable func() error) {
	a.mu.Lock()
	b := a.waiting
	first := b == nil
	if first {
		b = &batch{done: make(chan struct{})}
		a.waiting = b
	}
	b.lines = append(b.lines, lines...)
	a.mu.Unlock()
	return func() error {
		if first {
			a.commitBatch(b)
		}
		<-b.done
		return b.err
	}
}

func (a *Appender) commitBatch(b *batch) {
	a.commit.Lock()
	defer a.commit.Unlock()
	a.mu.Lock()
	a.waiting = nil
	a.mu.Unlock()
	if a.broken == nil {
		a.broken = a.Write(b.lines)
	}
	b.err = a.broken
	close(b.done)
}

// Hold runs f while nothing is being written.
func (a *Appender) Hold(f func() error) error {
	a.commit.Lock()
	defer a.commit.Unlock()
	return f()
}

// Close lets nothing more be written: appending fails with err from now on.
func (a *Appender) Close(err error) {
	a.commit.Lock()
	defer a.commit.Unlock()
	a.broken = err
}
