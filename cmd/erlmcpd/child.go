//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a server that the supervisor has started. The methods of a nil child,
// which is none, do nothing.
type child struct {
	cmd    *exec.Cmd
	talk   *os.File    // what is said to it
	words  chan string // what it says
	ended  chan error
	serves bool // it has taken over
}

// start starts a server of the current release, as the successor of the one that
// runs if so said. The calling thread must not end before the server: the kernel
// ends that with it.
func (s *supervisor) start(successor bool) (*child, error) {
	current := filepath.Join(s.folder, "current")
	args := []string{
		"run", "-supervised",
		"-document", filepath.Join(current, "server.json"),
		"-files", filepath.Join(current, "files"),
		"-control", filepath.Join(s.folder, "run", "control.sock"),
	}
	if successor {
		args = append(args, "-take-over")
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	c := &child{cmd: exec.Command(filepath.Join(current, "erlmcpd"), args...), talk: ours, words: make(chan string), ended: make(chan error, 1)}
	c.cmd.Dir = s.folder
	c.cmd.Stdout, c.cmd.Stderr = s.output, s.output
	c.cmd.ExtraFiles = []*os.File{theirs}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	c.cmd.WaitDelay = time.Second
	s.child.Starts++
	if err := c.cmd.Start(); err != nil {
		ours.Close()
		return nil, err
	}
	gone := make(chan struct{})
	go func() { // ends with the server
		for lines := bufio.NewScanner(ours); lines.Scan(); {
			select {
			case c.words <- lines.Text():
			case <-gone:
			}
		}
	}()
	go func() { // ends with the server
		err := c.cmd.Wait()
		close(gone)
		ours.Close()
		c.ended <- err
	}()
	return c, nil
}

func socketPair() (ours, theirs *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket to the server: %w", err)
	}
	return os.NewFile(uintptr(pair[0]), "server"), os.NewFile(uintptr(pair[1]), "supervisor"), nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) signal(sig os.Signal) {
	if c != nil {
		_ = c.cmd.Process.Signal(sig) // it may have ended meanwhile
	}
}

// tell says a line to the server. One that has ended hears nothing.
func (c *child) tell(line string) { _, _ = fmt.Fprintln(c.talk, line) }

func (c *child) hears() <-chan string {
	if c == nil {
		return nil
	}
	return c.words
}

func (c *child) end() <-chan error {
	if c == nil {
		return nil
	}
	return c.ended
}

// how says how the server has ended.
func (c *child) how(err error) string {
	if c.cmd.ProcessState == nil {
		return err.Error()
	}
	return c.cmd.ProcessState.String()
}
