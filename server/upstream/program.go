package upstream

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server/backend"
)

// running is a connection to a program that this server runs.
type running struct {
	child *backend.Child
	ctx   context.Context
}

// runs starts the program of the block.
func (u *Upstream) runs(l *link) (mcp.Transport, carrier, error) {
	s := u.spec.Stdio
	child, err := backend.StartChild(backend.Program{
		Command: s.Command, Dir: s.Dir, Files: u.env.FilesDir, Env: s.Env, Stderr: &said{log: u.log}, Among: u.env.Children,
	})
	if err != nil {
		return nil, nil, err
	}
	r := &running{child, u.ctx}
	go func() { // ends with the program
		<-child.Ended()
		timer := time.NewTimer(closeTime) // what it has said at last is still read
		defer timer.Stop()
		select {
		case <-l.lost:
		case <-timer.C:
			l.fail(r.explain())
		}
	}()
	limit := int(u.spec.ResponseLimit)
	return &mcp.IOTransport{
		Reader: newLines(child.Stdout, limit), Writer: child.Stdin,
		MaxLineLength: limit + lineSlack,
	}, r, nil
}

// explain waits a moment for the program, whose streams end before it does.
func (r *running) explain() error {
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	select {
	case <-r.child.Ended():
	case <-timer.C:
		return nil
	}
	var exit *exec.ExitError
	if errors.As(r.child.Err(), &exit) {
		return fmt.Errorf("its program has ended: %s", exit)
	}
	return errors.New("its program has ended")
}

const endTime = 250 * time.Millisecond

func (r *running) close() { r.child.Stop(r.ctx) }

// said logs what a program says on standard error, line by line. It is for whoever
// looks into a program that does not work, and may hold anything.
type said struct {
	log hclog.Logger

	mu   sync.Mutex
	rest []byte // of a line that has not ended
}

// longestSaid is how much of a line is logged, in bytes.
const longestSaid = 1000

func (s *said) Write(p []byte) (int, error) {
	if !s.log.IsDebug() {
		return len(p), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		line, rest, ended := strings.Cut(string(s.rest), "\n")
		if !ended && len(line) < longestSaid {
			return len(p), nil
		}
		if text := strings.TrimSpace(line); text != "" {
			s.log.Debug("its program says", "text", strings.ToValidUTF8(text[:min(len(text), longestSaid)], "\ufffd"))
		}
		s.rest = []byte(rest)
	}
}
