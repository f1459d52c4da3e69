package main

import (
	"io"
	"sync"

	"github.com/erlmcp/erlmcp/diag"
)

// printed is standard output. It remembers the first write that failed, so that a
// command whose answer did not arrive whole, as on a full disk, does not say that
// all is well. What the command does is not stopped by it.
type printed struct {
	to io.Writer

	mu     sync.Mutex
	failed error
}

// Write implements io.Writer. It reports what was written and the error as they are.
func (p *printed) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.failed == nil {
			p.failed = err
		}
	}
	return n, err
}

// Fd is the descriptor of the file that is written to, or one that is no file.
func (p *printed) Fd() uintptr {
	if f, ok := p.to.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// err is what to say of a write that failed, or nil.
func (p *printed) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		return nil
	}
	return diag.Errorf("The output could not be written", "%v. What the command did, it did; only part of its answer has arrived.", p.failed).
		Fix("See that standard output is open and has room, and ask again.")
}
