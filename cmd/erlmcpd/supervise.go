//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"

	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/telemetry/sink"
)

const (
	firstPause = 100 * time.Millisecond // before a server that ended is started again
	longPause  = 30 * time.Second       // the pause doubles up to this
	goodRun    = 30 * time.Second       // a run this long makes the pause short again
	logSize    = 8 << 20                // bytes of a log file, before it becomes the older one
)

// supervise keeps the server of a folder running: it starts the release that
// the link current points to, and starts it again when it fails. It returns when
// it is told to stop (SIGTERM; a second one does not wait for calls in progress)
// or the server is (erlmcpd stop). SIGHUP is passed on: the server reloads.
//
// In the folder, run/supervisor.lock is locked (fcntl) while it runs, so that it
// can be found and is alone; run/child.json tells of the server; log/server.log
// holds what the server and the supervisor say.
func supervise(args []string) int {
	flags := flag.NewFlagSet("supervise", flag.ContinueOnError)
	folder := flags.String("folder", "", "folder of the server, with its releases and the link current")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *folder == "" || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "erlmcpd: supervise needs -folder, and takes no other arguments")
		return 2
	}
	lock, err := lockFolder(*folder)
	if err != nil {
		fmt.Fprintf(os.Stderr, "erlmcpd: supervise %s: %v\n", *folder, err)
		return 1
	}
	defer lock.Close()
	output := sink.NewFile(filepath.Join(*folder, "log", "server.log"), sink.Rotation{Size: logSize, Keep: 1})
	defer output.Close()
	s := &supervisor{
		folder: *folder, output: output,
		log: hclog.New(&hclog.LoggerOptions{Name: "supervisor", Output: output}),
	}
	return s.run()
}

// lockFolder makes this process the only supervisor of the folder, until the
// file is closed or the process ends in whatever way.
func lockFolder(folder string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(folder, "run", "supervisor.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		f.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, errors.New("another supervisor is at work there")
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	return f, nil
}

type supervisor struct {
	folder string
	output io.Writer
	log    hclog.Logger
	child  childState
}

// childState is what run/child.json holds.
type childState struct {
	PID    int    `json:"pid"`    // 0 while there is none
	Starts int    `json:"starts"` // since the supervisor began
	Exit   string `json:"exit"`   // how it ended last, such as "exit status 1"
}

func (s *supervisor) run() int {
	// The kernel ends the child when the thread that started it ends.
	runtime.LockOSThread()
	stop, reload := make(chan os.Signal, 2), make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(stop)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		started := time.Now()
		stopped, err := s.runChild(stop, reload)
		if stopped || err == nil {
			s.log.Info("the server has stopped, as it was told to")
			return 0
		}
		ran := time.Since(started)
		if ran > goodRun {
			pause = firstPause
		}
		s.log.Error("the server ended, and is started again", "because", err, "ran", ran.Round(time.Millisecond), "pause", pause)
		select {
		case <-stop:
			return 0
		case <-time.After(pause):
		}
	}
}

// runChild runs the server until it ends, and with it its successors. It reports
// whether it was told to.
func (s *supervisor) runChild(stop, reload <-chan os.Signal) (stopped bool, err error) {
	server, err := s.start(false)
	if err != nil {
		s.child.Exit = err.Error()
		s.writeState()
		return false, err
	}
	s.child.PID = server.pid()
	s.writeState()
	var next *child // the successor, while both are there
	var lost error  // why one ended that served already
	for sig := syscall.SIGTERM; ; {
		select {
		case <-stop:
			stopped = true
			server.signal(sig)
			next.signal(sig)
			sig = syscall.SIGKILL
		case <-reload:
			s.newest(server, next).signal(syscall.SIGHUP)
		case word := <-server.words:
			switch {
			case word == wantsSuccessor && next == nil && !stopped:
				if next, err = s.start(true); err != nil {
					server.tell(err.Error())
				}
			case word == tookOver: // from one that has ended before this was heard
				s.serves(server)
			}
		case word := <-next.hears():
			if word == tookOver {
				s.serves(next)
			}
		case err := <-next.end():
			server.tell("the successor ended: " + next.how(err))
			s.log.Error("a successor ended", "because", next.how(err))
			if next.serves {
				s.child.PID, s.child.Exit, lost = 0, next.how(err), err
				s.writeState()
			}
			next = nil
		case err := <-server.ended:
			backend.EndPrograms(server.pid())
			if next != nil {
				server, next = next, nil
				break
			}
			if lost == nil {
				s.child.PID, s.child.Exit, lost = 0, server.how(err), err
				s.writeState()
			}
			return stopped, lost
		}
	}
}

// serves notes that a successor has taken over.
func (s *supervisor) serves(c *child) {
	s.child.PID, c.serves = c.pid(), true
	s.writeState()
}

// newest is the one that serves.
func (s *supervisor) newest(server, next *child) *child {
	if next != nil && next.serves {
		return next
	}
	return server
}

// writeState tells whoever waits for the server how it fares. That it cannot be
// told does not stop the server.
func (s *supervisor) writeState() {
	b, err := json.Marshal(s.child)
	if err == nil {
		err = renameio.WriteFile(filepath.Join(s.folder, "run", "child.json"), b, 0o600)
	}
	if err != nil {
		s.log.Warn("cannot write run/child.json", "because", err)
	}
}
