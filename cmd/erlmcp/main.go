// Command erlmcp plans and applies MCP servers that are declared in HCL files.
//
// One file a command: it reads flags, calls the engine, and hands the result to
// a view. Exit codes stand in [ExitError]'s constants and in docs/commands.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	_ "github.com/erlmcp/erlmcp/cmd/erlmcp/internal/startheap"
	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/view"
)

// Exit codes.
const (
	exitOK          = 0
	exitError       = 1   // something is wrong; a diagnostic says what
	exitDifference  = 2   // plan -detailed-exitcode, drift: there are differences; fmt -check: files to format
	exitInterrupted = 130 // stopped by a second Ctrl-C
)

// exitCode is an error that only sets the exit status: what there was to say has been said.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// cli is what every command has: its streams, and the folder that it works in.
type cli struct {
	in       io.Reader
	out, err io.Writer
	dir      string
	sources  map[string][]byte // files read so far, for the snippets of diagnostics
	// backend is the backend block, once backendRead says that it is known.
	backend     *config.Backend
	backendRead bool
	opened      state.Store   // the backend, once it is open
	abort       chan struct{} // closed by a second Ctrl-C
	stopping    atomic.Value  // func(): tells the user that the first Ctrl-C was heard
}

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(args []string, in io.Reader, out, errs io.Writer) int {
	answer := &printed{to: out}
	c := &cli{in: in, out: answer, err: errs, dir: ".", abort: make(chan struct{})}
	ctx, stop := c.interruptible()
	defer stop()
	root := newRoot(c)
	root.SetArgs(doubleDashes(args))
	root.SetIn(in)
	root.SetOut(answer)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if unwritten := answer.err(); unwritten != nil && (err == nil || errors.As(err, new(exitCode)) || errors.Is(err, answer.failed)) {
		err = unwritten
	}
	code := c.status(err)
	select {
	case <-c.abort:
		return exitInterrupted
	default:
		return code
	}
}

// status prints what an error has to say, and returns its exit code.
func (c *cli) status(err error) int {
	if err == nil {
		return exitOK
	}
	var code exitCode
	if errors.As(err, &code) {
		return int(code)
	}
	view.Diagnostics(c.err, view.StyleOf(c.err), diag.FromError(err), c.sources)
	return exitError
}

// warn prints warnings that came with a success.
func (c *cli) warn(list diag.List) {
	if len(list) > 0 {
		view.Diagnostics(c.err, view.StyleOf(c.err), list, c.sources)
		fmt.Fprintln(c.err)
	}
}

// interruptible returns a context that the first Ctrl-C ends (or a lost terminal,
// or SIGTERM): operations in flight finish and are recorded. The second abandons
// them, and the third does not even wait for that; the journal makes both safe.
func (c *cli) interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		for n := 1; ; n++ {
			select {
			case <-done:
				return
			case <-signals:
			}
			switch n {
			case 1:
				cancel()
				if say, ok := c.stopping.Load().(func()); ok {
					say()
				}
			case 2:
				close(c.abort)
			default:
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}
