package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sys/unix"
)

const (
	pollPause   = 20 * time.Millisecond
	stopGrace   = 5 * time.Second // beyond the server's own drain_timeout
	killTimeout = 5 * time.Second
)

// supervisor is the process that supervises the folder: 0 when there is none.
// The kernel says who holds the lock, so that a process that has got the number
// of an earlier one is never taken for it.
func (f folder) supervisor() (pid int, err error) {
	file, err := os.Open(f.lock())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for the supervisor: %w", err)
	}
	defer file.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &lock); err != nil {
		return 0, fmt.Errorf("look for the supervisor: %w", err)
	}
	if lock.Type == unix.F_UNLCK {
		return 0, nil
	}
	return int(lock.Pid), nil
}

// childState is what the supervisor tells of the server.
type childState struct {
	PID    int    `json:"pid"`
	Starts int    `json:"starts"`
	Exit   string `json:"exit"`
}

func (f folder) childState() childState {
	var c childState
	if b, err := os.ReadFile(f.child()); err == nil {
		_ = json.Unmarshal(b, &c) // what cannot be read tells nothing
	}
	return c
}

// launch starts a supervisor of the current release, in a session of its own.
// It is told nothing but the folder, neither by arguments nor by environment, and
// held to the limits of the document.
func (f folder) launch(doc cty.Value) (ended <-chan error, err error) {
	program, err := filepath.EvalSymlinks(filepath.Join(f.current(), programName))
	if err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	output, err := os.OpenFile(f.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	defer output.Close()
	if err := os.Remove(f.child()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	cmd := exec.Command(program, "supervise", "-folder", string(f))
	cmd.Dir = string(f)
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	groups, err := f.fence().raise(doc)
	if err != nil {
		return nil, err
	}
	if err := f.fence().start(cmd, groups); err != nil {
		return nil, fmt.Errorf("start the supervisor: %w", err)
	}
	// It outlives this process; while both live, its end must be collected.
	exit := make(chan error, 1)
	go func() { exit <- cmd.Wait() }()
	return exit, nil
}

// environment is the little that a server gets of the command line's own, in
// which secrets may stand.
func environment() []string {
	var out []string
	for _, name := range []string{"PATH", "HOME", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if v, ok := os.LookupEnv(name); ok {
			out = append(out, name+"="+v)
		}
	}
	return out
}

// end ends every process of the folder.
func (f folder) end(ctx context.Context, drain time.Duration) error {
	if err := f.stop(ctx, drain); err != nil {
		return err
	}
	return f.endStrays(ctx, drain)
}

// stop ends the supervisor and its server: gently for as long as drain takes,
// then not.
func (f folder) stop(ctx context.Context, drain time.Duration) error {
	pid, err := f.supervisor()
	if err != nil || pid == 0 {
		return err
	}
	// A handle on the process, which its number is not: it stays the same one.
	p, err := os.FindProcess(pid)
	if err != nil {
		return nil // ended meanwhile
	}
	defer p.Release()
	gone := func() (bool, error) {
		now, err := f.supervisor()
		return now != pid, err
	}
	for _, step := range []struct {
		signal os.Signal
		wait   time.Duration
	}{
		{syscall.SIGTERM, drain + stopGrace},
		{syscall.SIGTERM, killTimeout}, // the second one does not wait for calls
		{syscall.SIGKILL, killTimeout},
	} {
		if ok, err := gone(); ok || err != nil {
			return err
		}
		if err := p.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop process %d: %w", pid, err)
		}
		if ok, err := await(ctx, step.wait, gone); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("stop process %d: it does not end", pid)
}

// await asks until done says yes, the time is over (false, nil) or ctx ends.
func await(ctx context.Context, limit time.Duration, done func() (bool, error)) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(pollPause)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return ok, err
		}
		select {
		case <-tick.C:
		case <-bounded.Done():
			return false, ctx.Err()
		}
	}
}

// strays are processes of the folder that its lock does not know: a server whose
// supervisor was killed and that still drains, or both after somebody removed the
// folder. They are known by their arguments.
func (f folder) strays() []int {
	known, err := f.supervisor()
	if err != nil || known != 0 {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && f.owns(pid) {
			out = append(out, pid)
		}
	}
	return out
}

// owns reports whether the process is a supervisor or server of the folder.
func (f folder) owns(pid int) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	if err != nil {
		return false
	}
	args := strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
	if len(args) < 4 || filepath.Base(args[0]) != programName {
		return false
	}
	return args[1] == "supervise" && args[3] == string(f) ||
		args[1] == "run" && slices.Contains(args, filepath.Join(f.current(), documentName))
}

// endStrays ends them, and waits until they are gone.
func (f folder) endStrays(ctx context.Context, drain time.Duration) error {
	for _, step := range []struct {
		signal os.Signal
		wait   time.Duration
	}{
		{syscall.SIGTERM, drain + stopGrace},
		{syscall.SIGKILL, killTimeout},
	} {
		for _, pid := range f.strays() {
			p, err := os.FindProcess(pid)
			if err != nil {
				continue
			}
			if f.owns(pid) { // still, now that the process is held
				_ = p.Signal(step.signal) // it may have ended meanwhile
			}
			p.Release()
		}
		if ok, err := await(ctx, step.wait, func() (bool, error) { return len(f.strays()) == 0, nil }); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("processes %v of an earlier server in %s do not end", f.strays(), f)
}
