package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Program says which program a [Child] runs.
type Program struct {
	Command []string          // program and arguments
	Dir     string            // working directory; relative to Files
	Files   string            // folder of shipped files, in which it runs without a Dir
	Env     map[string]string // all of its environment, but for the mark
	Stderr  io.Writer         // takes what it says on standard error; must not block
	Among   *Children         // that it is one of; may be nil
}

// Child is a program that runs for as long as it is used, and is talked to over
// its standard input and output. It has the care that the programs of tools have:
// no shell, a process group of its own, no environment but what it is given, and
// an end that takes everything with it that it has started.
type Child struct {
	Stdin  io.WriteCloser
	Stdout io.ReadCloser

	p     *program
	out   *os.File // Stdout
	errs  *os.File
	drain sync.WaitGroup
	over  chan struct{} // closed when it has ended
	err   error         // what it ended with; valid then
	stop  sync.Once
}

// StartChild starts a program. No error quotes its command or environment.
func StartChild(of Program) (*Child, error) {
	dir := of.Dir
	switch {
	case dir == "":
		dir = of.Files
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			dir = "/" // a document without files may come without their folder
		}
	case !filepath.IsAbs(dir):
		dir = filepath.Join(of.Files, dir)
	}
	path, err := lookPath(of.Command[0], dir)
	if err != nil {
		return nil, errors.New("the program is not there on this machine, or may not be executed")
	}
	cmd := &exec.Cmd{Path: path, Args: of.Command, Dir: dir, Env: []string{}}
	for _, name := range slices.Sorted(maps.Keys(of.Env)) {
		cmd.Env = append(cmd.Env, name+"="+of.Env[name])
	}
	c := &Child{p: &program{cmd: cmd, of: of.Among, mark: newMark(), ended: make(chan error, 1)}, over: make(chan struct{})}
	if c.p.mark != "" {
		cmd.Env = append(cmd.Env, c.p.mark)
	}
	theirs, err := c.connect(cmd)
	if err != nil {
		return nil, fmt.Errorf("start the program: %w", err)
	}
	ownGroup(cmd)
	err = c.p.start()
	closeAll(theirs)
	if err != nil {
		c.close()
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("start the program: %w", err)
	}
	c.drain.Go(func() { drainPipe(of.Stderr, c.errs) }) // ends with the pipe or its deadline
	go c.wait()                                         // ends with the program
	return c, nil
}

// connect opens the pipes and returns the program's ends of them.
func (c *Child) connect(cmd *exec.Cmd) (theirs []*os.File, err error) {
	var ends [6]*os.File
	for i := 0; i < len(ends); i += 2 {
		if ends[i], ends[i+1], err = os.Pipe(); err != nil {
			for _, f := range ends[:i] {
				f.Close()
			}
			return nil, err
		}
	}
	cmd.Stdin, c.Stdin = ends[0], ends[1]
	c.Stdout, c.out, cmd.Stdout = ends[2], ends[2], ends[3]
	c.errs, cmd.Stderr = ends[4], ends[5]
	return []*os.File{ends[0], ends[3], ends[5]}, nil
}

func (c *Child) wait() {
	err := <-c.p.ended
	kill(c.p.cmd)
	c.p.endLeftovers()
	_ = c.errs.SetDeadline(time.Now().Add(drain)) // something may hold its end still
	_ = c.out.SetDeadline(time.Now().Add(drain))
	c.drain.Wait()
	c.err = err
	close(c.over)
}

// Ended is closed when the program has ended, and what it has started with it.
func (c *Child) Ended() <-chan struct{} { return c.over }

// Err says how the program ended; nil for status 0. It is to be asked after
// Ended.
func (c *Child) Err() error { return c.err }

// Stop ends the program and what it has started: its input is closed, then it is
// asked, then made to, with a second for each. It returns when that is done, or
// ctx has ended, upon which the program is made to end at once.
func (c *Child) Stop(ctx context.Context) {
	c.stop.Do(func() {
		c.Stdin.Close()
		found := descendants(c.p.cmd.Process.Pid)
		if !c.endsWithin(ctx, grace) {
			found = append(found, descendants(c.p.cmd.Process.Pid)...)
			terminate(c.p.cmd)
			if !c.endsWithin(ctx, grace) {
				found = append(found, descendants(c.p.cmd.Process.Pid)...)
				kill(c.p.cmd)
			}
		}
		<-c.over
		endDescendants(found)
		c.close()
	})
}

func (c *Child) endsWithin(ctx context.Context, patience time.Duration) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.over:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

func (c *Child) close() {
	c.Stdin.Close()
	c.Stdout.Close()
	c.errs.Close()
}
