//go:build linux

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNothingOutlivesAServerThatIsKilled has a tool's program start a process in
// a session of its own, and kills the server meanwhile.
func TestNothingOutlivesAServerThatIsKilled(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	folder := t.TempDir()
	left := filepath.Join(folder, "left")
	program := `setsid sh -c 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 100' x ` + left + ` & sleep 100`
	document, err := json.Marshal(map[string]any{
		"name": "t", "listen": map[string]any{"port": 0}, "metrics": map[string]any{"enabled": false},
		"tool": map[string]any{"long": map[string]any{"exec": map[string]any{"command": []string{"sh", "-c", program}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run", "log", "current"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(folder, "current", "erlmcpd")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "current", "server.json"), document, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &running{folder: filepath.Join(folder, "run")}
	supervisor := erlmcpd(ctx, "supervise", "-folder", folder)
	if err := supervisor.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = supervisor.Process.Signal(syscall.SIGTERM)
		_ = supervisor.Wait()
	}()
	before := r.status(t)
	go callLong(before.URL)
	until(t, ctx, "the program has a child", func() bool { _, err := os.Stat(left); return err == nil })
	pid, err := os.ReadFile(left)
	if err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(before.PID, syscall.SIGKILL)
	until(t, ctx, "the child is gone", func() bool {
		id, err := strconv.Atoi(strings.TrimSpace(string(pid)))
		return err != nil || gone(id)
	})
	until(t, ctx, "the server is back", func() bool { return r.status(t).PID != before.PID })
}

// hasty is a server that has a successor started and ends, while that one takes over
// only when it has.
const hasty = `#!/bin/sh
case "$*" in
*-take-over*)
	: >begun
	while kill -0 "$(cat old)" 2>/dev/null; do :; done
	echo "took over" >&3
	exec sleep 100 ;;
esac
echo $$ >old.new; mv old.new old
echo upgrade >&3
until [ -e begun ]; do :; done
`

// TestASuccessorIsHeardAfterTheOldServerHasEnded has the word of the one race with the
// end of the other, often enough to lose.
func TestASuccessorIsHeardAfterTheOldServerHasEnded(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for range 10 {
		f := newFolder(t)
		if err := os.Remove(f.program()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.program(), []byte(hasty), 0o700); err != nil {
			t.Fatal(err)
		}
		supervisor := erlmcpd(ctx, "supervise", "-folder", string(f))
		if err := supervisor.Start(); err != nil {
			t.Fatal(err)
		}
		until(t, ctx, "the successor begins", func() bool { _, err := os.Stat(filepath.Join(string(f), "begun")); return err == nil })
		until(t, ctx, "the successor is known to serve", func() bool {
			old, err := os.ReadFile(filepath.Join(string(f), "old"))
			now := f.child(t)
			return err == nil && now.Starts == 2 && now.PID != 0 && strconv.Itoa(now.PID) != strings.TrimSpace(string(old))
		})
		if err := supervisor.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = supervisor.Wait()
	}
}

func TestSuperviseNeedsAFolder(t *testing.T) {
	for _, args := range [][]string{nil, {"-folder", t.TempDir(), "more"}, {"-unknown"}} {
		if code := supervise(args); code != 2 {
			t.Errorf("supervise %q gives %d", args, code)
		}
	}
	if code := supervise([]string{"-folder", filepath.Join(t.TempDir(), "gone")}); code != 1 {
		t.Errorf("a folder that is not there gives %d", code)
	}
}
