package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/control"
)

// succeed runs the server in the place of the one that answers on the control
// socket. That one hears what went wrong, and goes on.
func (s *serving) succeed() error {
	conn, err := control.Succeed(s.socket)
	if err != nil {
		return err
	}
	succession := server.NewSuccession(conn)
	rt, err := s.build()
	if err != nil {
		succession.GiveUp(err)
		return err
	}
	told := listen() // before anybody hears that the server is there
	var c *control.Server
	err = rt.TakeOver(succession, func() (err error) {
		c, err = control.Replace(s.socket, rt.Control())
		return err
	})
	if err != nil {
		succession.GiveUp(err)
		return err
	}
	defer c.Close()
	if s.supervisor != nil {
		fmt.Fprintln(s.supervisor.file, tookOver) // a supervisor that is gone need not know
	}
	return serve(rt, told)
}

// starter is how the server starts its successor; nil when it cannot.
func (s *serving) starter() func() (<-chan error, error) {
	switch {
	case s.socket == "":
		return nil
	case s.supervisor != nil:
		return s.supervisor.upgrade
	case os.Getpid() == 1:
		return func() (<-chan error, error) {
			return nil, errors.New("it is the first process of its container, which ends with it; replace the container")
		}
	}
	return s.startSuccessor
}

// startSuccessor starts the program of this process, as it is now on the disk,
// with the same arguments.
func (s *serving) startSuccessor() (<-chan error, error) {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return nil, err
	}
	args := append([]string{"run"}, s.args...)
	if !takesOver(s.args) {
		args = append(args, "-take-over")
	}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr // its own descriptors, which outlive this process
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	forget, err := s.children.StartCompanion(cmd)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { // ends with the successor, or with this process
		err := cmd.Wait()
		forget()
		ended <- fmt.Errorf("process %d: %v", cmd.Process.Pid, err)
	}()
	return ended, nil
}

// takesOver reports whether arguments of run are those of a successor already.
func takesOver(args []string) bool {
	for _, a := range args {
		if strings.TrimLeft(a, "-") == "take-over" {
			return true
		}
	}
	return false
}

// What a server and its supervisor say to each other, a line each: the server asks
// for a successor, which says when it has taken over; the supervisor says why it has
// not come to that.
const (
	wantsSuccessor = "upgrade"
	tookOver       = "took over"
	supervisorFD   = 3
)

// supervisorLink is a server's end of the socket to its supervisor.
type supervisorLink struct {
	file   *os.File
	failed chan error
}

func newSupervisorLink() *supervisorLink {
	syscall.CloseOnExec(supervisorFD) // it is not for the programs of tools
	l := &supervisorLink{file: os.NewFile(supervisorFD, "supervisor"), failed: make(chan error, 1)}
	go func() { // ends with the supervisor, or with this process
		for lines := bufio.NewScanner(l.file); lines.Scan(); {
			select {
			case l.failed <- errors.New(lines.Text()):
			default:
			}
		}
	}()
	return l
}

// upgrade has the supervisor start a successor.
func (l *supervisorLink) upgrade() (<-chan error, error) {
	select {
	case <-l.failed: // of an earlier attempt that somebody gave up waiting for
	default:
	}
	_, err := fmt.Fprintln(l.file, wantsSuccessor)
	return l.failed, err
}
