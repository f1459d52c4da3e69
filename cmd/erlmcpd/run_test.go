package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server/control"
)

// asErlmcpd makes the test binary run as erlmcpd itself.
const asErlmcpd = "ERLMCPD_TEST_RUN_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asErlmcpd) != "" {
		main()
	}
	os.Exit(m.Run())
}

func erlmcpd(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asErlmcpd+"=1")
	return cmd
}

// running is a server in a process of its own.
type running struct {
	cmd    *exec.Cmd
	folder string
	log    *bytes.Buffer
	ended  chan error
}

func (r *running) socket() string   { return filepath.Join(r.folder, "control.sock") }
func (r *running) document() string { return filepath.Join(r.folder, "server.json") }

func startErlmcpd(t *testing.T, ctx context.Context, document string) *running {
	t.Helper()
	r := &running{folder: t.TempDir(), log: &bytes.Buffer{}, ended: make(chan error, 1)}
	if err := os.WriteFile(r.document(), []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	r.cmd = erlmcpd(ctx, "run", "-document", r.document(), "-control", r.socket())
	r.cmd.Stderr = r.log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	return r
}

// status waits for the server and returns what it says of itself.
func (r *running) status(t *testing.T) control.Status {
	t.Helper()
	var last error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		c, err := control.Dial(r.socket())
		if err == nil {
			s, err := c.Status(context.Background())
			c.Close()
			if err == nil {
				return s
			}
		}
		last = err
	}
	t.Fatalf("the server does not answer: %v", last)
	return control.Status{}
}

func (r *running) wait(t *testing.T, ctx context.Context) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-ctx.Done():
		t.Fatalf("the server does not end; it said: %s", r.log)
		return nil
	}
}

// callLong calls the tool long and gives up with the server.
func callLong(url string) {
	resp, err := http.Post(url, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"long"}}`))
	if err == nil {
		resp.Body.Close()
	}
}

// gone reports whether a process has ended, also one whose end nobody has collected.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// until polls for a condition that nothing announces.
func until(t *testing.T, ctx context.Context, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		if ctx.Err() != nil {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

const small = `{"name":"t","listen":{"port":0},"metrics":{"port":0},"tool":{"hi":{"static":{"text":"%s"}}}}`

func TestRunFromStartToEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r := startErlmcpd(t, ctx, fmt.Sprintf(small, "one"))
	s := r.status(t)
	if s.Name != "t" || s.PID != r.cmd.Process.Pid || s.State != "running" || len(s.DocumentSHA256) != 64 || s.Port == 0 || s.Address != "127.0.0.1" || s.Started.IsZero() {
		t.Errorf("status: %+v", s)
	}
	call := func() string {
		resp, err := http.Post(s.URL, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hi"}}`))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return string(body)
	}
	if got := call(); !strings.Contains(got, `"text":"one"`) {
		t.Errorf("call: %s", got)
	}
	resp, err := http.Get(s.MetricsURL)
	if err != nil {
		t.Fatal(err)
	}
	metrics, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	for _, name := range []string{"erlmcp_requests_total", "erlmcp_errors_total", "erlmcp_latency_seconds"} {
		if !bytes.Contains(metrics, []byte(name)) {
			t.Errorf("there is no metric %s", name)
		}
	}
	ask := func(question string, want int) string {
		var out bytes.Buffer
		cmd := erlmcpd(ctx, question, "-control", r.socket())
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit status %d, want %d: %s", question, got, want, &out)
		}
		return out.String()
	}
	ask("ping", 0)
	if got := ask("health", 0); !strings.HasPrefix(got, `{"status":"healthy"`) {
		t.Errorf("health: %s", got)
	}
	if got := ask("status", 0); !json.Valid([]byte(got)) {
		t.Errorf("status: %s", got)
	}
	if err := os.WriteFile(r.document(), []byte(fmt.Sprintf(small, "two")), 0o600); err != nil {
		t.Fatal(err)
	}
	ask("reload", 0)
	if got := call(); !strings.Contains(got, `"text":"two"`) {
		t.Errorf("after reload: %s", got)
	}
	if after := r.status(t); after.DocumentSHA256 == s.DocumentSHA256 || after.URL != s.URL {
		t.Errorf("after reload: %+v", after)
	}
	if err := os.WriteFile(r.document(), []byte(`{"name":"t","colour":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ask("reload", 1); !strings.Contains(got, `unknown field "colour"`) {
		t.Errorf("reload of a bad document: %s", got)
	}
	if got := call(); !strings.Contains(got, `"text":"two"`) {
		t.Errorf("after a reload that was refused: %s", got)
	}
	ask("stop", 0)
	if err := r.wait(t, ctx); err != nil {
		t.Errorf("after stop: %v: %s", err, r.log)
	}
	ask("ping", 1)
}

func TestSignals(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	r := startErlmcpd(t, ctx, fmt.Sprintf(small, "one"))
	before := r.status(t)
	if err := os.WriteFile(r.document(), []byte(fmt.Sprintf(small, "two")), 0o600); err != nil {
		t.Fatal(err)
	}
	r.cmd.Process.Signal(syscall.SIGHUP)
	for r.status(t).DocumentSHA256 == before.DocumentSHA256 {
		if ctx.Err() != nil {
			t.Fatal("SIGHUP does not reload the document")
		}
	}
	r.cmd.Process.Signal(syscall.SIGTERM)
	if err := r.wait(t, ctx); err != nil {
		t.Errorf("SIGTERM: %v: %s", err, r.log)
	}
	if _, err := os.Stat(r.socket()); err == nil {
		t.Error("the control socket is left behind")
	}
}

func TestStdio(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	document := filepath.Join(t.TempDir(), "server.json")
	if err := os.WriteFile(document, []byte(fmt.Sprintf(small, "one")), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := erlmcpd(ctx, "run", "-document", document, "-stdio")
	cmd.Stdin = strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hi"}}`)
	out, err := cmd.Output()
	if want := `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"one"}]}}` + "\n"; err != nil || string(out) != want {
		t.Errorf("got  %s, %v\nwant %s", out, err, want)
	}
}

func TestWhatIsRefused(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	folder := t.TempDir()
	bad := filepath.Join(folder, "bad.json")
	if err := os.WriteFile(bad, []byte(`{"name":"t","listen":{"port":99999}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no command", nil, 2, "Usage: erlmcpd"},
		{"an unknown command", []string{"walk"}, 2, `there is no command "walk"`},
		{"an unknown flag", []string{"run", "-x"}, 2, "flag provided but not defined"},
		{"an argument too many", []string{"run", "x"}, 2, "takes no arguments"},
		{"a document that is not there", []string{"run", "-document", filepath.Join(folder, "none.json")}, 1, "read runtime document"},
		{"a document that breaks a rule", []string{"run", "-document", bad}, 1, "listen.port: it must be at most 65535"},
		{"no control socket given", []string{"ping"}, 2, "ping needs -control"},
		{"no server at the socket", []string{"health", "-control", filepath.Join(folder, "none.sock")}, 1, "none.sock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := erlmcpd(ctx, c.args...)
			out, _ := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != c.status || !strings.Contains(string(out), c.want) {
				t.Errorf("exit status %d: %s\nwant %d and %q", got, out, c.status, c.want)
			}
		})
	}
}
