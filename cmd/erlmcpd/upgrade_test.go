//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// folder is a server's folder, as a supervisor has it.
type folder string

func newFolder(t *testing.T) folder {
	t.Helper()
	f := folder(t.TempDir())
	for _, name := range []string{"run", "log", "current"} {
		if err := os.Mkdir(filepath.Join(string(f), name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, f.program()); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f folder) program() string { return filepath.Join(string(f), "current", "erlmcpd") }
func (f folder) socket() string  { return filepath.Join(string(f), "run", "control.sock") }

func (f folder) write(t *testing.T, document string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(string(f), "current", "server.json"), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f folder) child(t *testing.T) childState {
	t.Helper()
	var c childState
	b, err := os.ReadFile(filepath.Join(string(f), "run", "child.json"))
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func upgrade(ctx context.Context, socket string) error {
	out, err := erlmcpd(ctx, "upgrade", "-control", socket).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// caller calls the tool hi in one session until it is told to stop.
func caller(t *testing.T, url string) (stop func()) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	say := func(session, message string) (*http.Response, string, error) {
		r, err := http.NewRequest("POST", url, io.NopCloser(strings.NewReader(message))) // without a way to send it twice
		if err != nil {
			return nil, "", err
		}
		r.ContentLength = int64(len(message))
		r.Header.Set("Content-Type", "application/json")
		if session != "" {
			r.Header.Set("Mcp-Session-Id", session)
		}
		resp, err := client.Do(r)
		if err != nil {
			return nil, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp, string(body), err
	}
	resp, body, err := say("", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}`)
	if err != nil || resp.Header.Get("Mcp-Session-Id") == "" {
		t.Fatalf("initialize: %v %s", err, body)
	}
	session := resp.Header.Get("Mcp-Session-Id")
	var over atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; !over.Load(); n++ {
			resp, body, err := say(session, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hi"}}`)
			if err != nil || resp.StatusCode != 200 || !strings.Contains(body, `"result"`) {
				t.Errorf("call %d: %v %s", n, err, body)
				return
			}
		}
	}()
	return func() { over.Store(true); <-ended }
}

// TestUpgradesUnderASupervisor changes what only a new start can, and fails in
// between.
func TestUpgradesUnderASupervisor(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	f := newFolder(t)
	f.write(t, fmt.Sprintf(small, "one"))
	supervisor := erlmcpd(ctx, "supervise", "-folder", string(f))
	if err := supervisor.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- supervisor.Wait() }()
	defer func() { _ = supervisor.Process.Kill() }()
	r := &running{folder: filepath.Join(string(f), "run")}
	before := r.status(t)
	stop := caller(t, before.URL)
	defer stop()

	f.write(t, `{"name":"t","listen":{"port":0},"metrics":{"port":0},"limits":{"workers":3},"tool":{"hi":{"static":{"text":"two"}}}}`)
	if err := upgrade(ctx, f.socket()); err != nil {
		t.Fatal(err)
	}
	after := r.status(t)
	if after.PID == before.PID || after.URL != before.URL || after.MetricsURL != before.MetricsURL || after.Sessions != 1 {
		t.Errorf("it was %+v\nand is %+v", before, after)
	}
	until(t, ctx, "the supervisor tells of the new server", func() bool { return f.child(t).PID == after.PID })
	until(t, ctx, "the old server has ended", func() bool { return gone(before.PID) })

	for _, c := range []struct {
		name string
		fail func()
		want string
	}{
		{"a bad document", func() { f.write(t, `{"name":"t","colour":1}`) }, `unknown field "colour"`},
		{"a program that crashes", func() {
			f.write(t, fmt.Sprintf(small, "three"))
			script := "#!/bin/sh\nexit 3\n"
			if err := os.Remove(f.program()); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(f.program(), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
		}, "exit status 3"},
		{"no program at all", func() { os.Remove(f.program()) }, "no such file"},
	} {
		c.fail()
		if err := upgrade(ctx, f.socket()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if now := r.status(t); now.PID != after.PID || now.State != "running" {
			t.Errorf("%s: it is %+v", c.name, now)
		}
	}
	stop()
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, f.program())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := upgrade(ctx, f.socket()); err != nil {
		t.Errorf("after failures: %v", err)
	}
	last := r.status(t)
	if err := syscall.Kill(last.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, ctx, "a successor that crashes is started again", func() bool { return r.status(t).PID != last.PID })
	last = r.status(t)
	_ = supervisor.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-ctx.Done():
		t.Error("the supervisor does not end")
	}
	if !gone(last.PID) {
		t.Error("a server outlives its supervisor")
	}
}

// TestAnUpgradeWithoutASupervisor has a server start its own successor.
func TestAnUpgradeWithoutASupervisor(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	r := &running{folder: t.TempDir()}
	log, err := os.Create(filepath.Join(r.folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := os.WriteFile(r.document(), []byte(fmt.Sprintf(small, "one")), 0o600); err != nil {
		t.Fatal(err)
	}
	first := exec.Command(os.Args[0], "run", "-document", r.document(), "-control", r.socket())
	first.Env, first.Stderr = append(os.Environ(), asErlmcpd+"=1"), log
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	before := r.status(t)
	stop := caller(t, before.URL)
	for range 2 {
		if err := upgrade(ctx, r.socket()); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first server: %v", err)
	}
	after := r.status(t)
	if after.PID == before.PID || after.URL != before.URL {
		t.Errorf("it was %+v\nand is %+v", before, after)
	}
	stop()
	if out, err := erlmcpd(ctx, "stop", "-control", r.socket()).CombinedOutput(); err != nil {
		t.Errorf("stop: %v: %s", err, out)
	}
	until(t, ctx, "the last server has ended", func() bool { return gone(after.PID) })
}
