package backend

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"runtime"
	"time"
)

const (
	// grace is how long a program may take to end when it is asked to.
	grace = time.Second
	// drain is how long output is still read when all that is known of the
	// program has ended.
	drain = 500 * time.Millisecond
	// maxEnding is how many programs of a tool may still be ending when their
	// calls have been answered.
	maxEnding = 16
)

// program is a program that runs, or has.
type program struct {
	cmd   *exec.Cmd
	of    *Children // that it is one of
	pipes *pipes
	mark  string
	ended chan error // what it ended with
}

// run runs a program until it has ended or ctx has. In the first case nothing of
// its family is left when run returns. In the other, while ending has a place, it
// returns at once, and the family is ended behind it, within a few seconds.
func run(ctx context.Context, cmd *exec.Cmd, stdin string, stdout, stderr io.Writer, ending chan struct{}, of *Children) error {
	p := &program{cmd: cmd, of: of, mark: newMark(), ended: make(chan error, 1)}
	if p.mark != "" {
		cmd.Env = append(cmd.Env, p.mark)
	}
	var err error
	if p.pipes, err = openPipes(cmd, stdin, stdout, stderr); err != nil {
		return err
	}
	ownGroup(cmd)
	if err := p.start(); err != nil {
		p.pipes.abandon()
		return err
	}
	p.pipes.begin()
	select {
	case err = <-p.ended:
		p.clear()
		return err
	case <-ctx.Done():
	}
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		p.stop() // nobody waits for the answer, and the runtime may be about to end
		return ctx.Err()
	}
	select {
	case ending <- struct{}{}:
		go func() { // ends within grace and endTime
			p.stop()
			<-ending
		}()
	default:
		p.stop()
	}
	return ctx.Err()
}

// start starts the program from a thread that stays until the program has ended:
// the kernel ends it with that thread, and so with this process.
func (p *program) start() error {
	started := make(chan error)
	go func() { // ends with the program
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.of.start(func() (int, error) {
			if err := p.cmd.Start(); err != nil {
				return 0, err
			}
			return p.cmd.Process.Pid, nil
		})
		started <- err
		if err == nil {
			err := p.cmd.Wait()
			p.of.ended(p.cmd.Process.Pid)
			p.ended <- err
		}
	}()
	return <-started
}

// stop ends the program and its family: it asks first, and makes them when they
// take too long.
func (p *program) stop() {
	found := descendants(p.cmd.Process.Pid)
	terminate(p.cmd)
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-p.ended:
	case <-patience.C:
		found = append(found, descendants(p.cmd.Process.Pid)...)
		kill(p.cmd)
		<-p.ended
	}
	endDescendants(found)
	p.clear()
}

// endLeftovers ends what the program, which has ended, left behind outside of its
// group.
func (p *program) endLeftovers() {
	endMarkedAfter(p.cmd.Process.Pid, p.mark)
	p.of.endOrphans(p.cmd.Process.Pid)
}

// clear ends what an ended program has left behind. Then nobody reads from its
// pipes or writes to them any more.
func (p *program) clear() {
	kill(p.cmd)
	p.endLeftovers()
	p.pipes.finish()
}
