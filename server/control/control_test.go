package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a server. A nil function does nothing.
type fake struct {
	reload, stop func(context.Context) error
	unhealthy    bool

	mu    sync.Mutex
	asked []string
}

var status = Status{Name: "weather", PID: 7, Started: time.Unix(1e9, 0).UTC(), URL: "http://localhost:1/mcp", Port: 1, State: "running", Sessions: 2}

func (f *fake) Status() Status { return status }

func (f *fake) Reload(ctx context.Context) error {
	if f.reload == nil {
		return nil
	}
	return f.reload(ctx)
}

func (f *fake) Stop(ctx context.Context) error {
	if f.stop == nil {
		return nil
	}
	return f.stop(ctx)
}

func (f *fake) Upgrade(context.Context) error { return errors.New("no successor") }

// HandOver says what it hears.
func (f *fake) HandOver(conn *net.UnixConn) { io.Copy(conn, conn) }

func (f *fake) Health() (bool, []byte) {
	if f.unhealthy {
		return false, []byte(`{"status":"unhealthy"}`)
	}
	return true, []byte(`{"status":"healthy"}`)
}

func (f *fake) Drain(context.Context) error { return f.note("drain") }

func (f *fake) Reopen() error { return f.note("reopen") }

func (f *fake) SetLevel(level string) error { return f.note("level " + level) }

func (f *fake) Sessions(most int) []Session {
	f.note(fmt.Sprint("sessions ", most))
	return []Session{{Name: "abcd", Version: "2025-11-25"}}
}

func (f *fake) Profile(_ context.Context, kind string, span time.Duration) ([]byte, error) {
	return bytes.Repeat([]byte{1}, 2<<20), f.note(fmt.Sprint(kind, " ", span))
}

func (f *fake) note(what string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, what)
	return nil
}

func serve(t *testing.T, path string, f *fake) *Server {
	t.Helper()
	s, err := Serve(path, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func dial(t *testing.T, path string) *Client {
	t.Helper()
	c, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ctx ends long after any test that works.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestOperations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	f := &fake{reload: func(context.Context) error { return errors.New("line 3 is wrong") }}
	serve(t, path, f)
	c := dial(t, path)
	if err := c.Ping(soon(t)); err != nil {
		t.Error(err)
	}
	if s, err := c.Status(soon(t)); err != nil || !reflect.DeepEqual(s, status) {
		t.Errorf("got %+v, %v", s, err)
	}
	if err := c.Reload(soon(t)); err == nil || err.Error() != "line 3 is wrong" {
		t.Errorf("reload: %v", err)
	}
	if ok, body, err := c.Health(soon(t)); err != nil || !ok || string(body) != `{"status":"healthy"}` {
		t.Errorf("health: %t %s %v", ok, body, err)
	}
	f.unhealthy = true
	if ok, body, err := c.Health(soon(t)); err != nil || ok || string(body) != `{"status":"unhealthy"}` {
		t.Errorf("health: %t %s %v", ok, body, err)
	}
	if err := c.Stop(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestOperationsThatAreToldSomething(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	f := &fake{}
	serve(t, path, f)
	c := dial(t, path)
	sessions, err := c.Sessions(soon(t), 1<<30)
	if err != nil || len(sessions) != 1 || sessions[0].Name != "abcd" {
		t.Errorf("sessions: %v %v", sessions, err)
	}
	profile, err := c.Profile(soon(t), "heap", time.Hour)
	if err != nil || len(profile) != 2<<20 {
		t.Errorf("profile: %d bytes, %v", len(profile), err)
	}
	if err := errors.Join(c.Drain(soon(t)), c.ReopenLogs(soon(t)), c.SetLevel(soon(t), "debug")); err != nil {
		t.Error(err)
	}
	want := []string{"sessions 10000", "heap 5m0s", "drain", "reopen", "level debug"}
	if !slices.Equal(f.asked, want) {
		t.Errorf("the server was asked %q, want %q", f.asked, want)
	}
}

func TestThePermissionsKeepOthersOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "s")
	s := serve(t, path, &fake{})
	socket, err := os.Lstat(path)
	if err != nil || socket.Mode() != os.ModeSocket|0o600 {
		t.Errorf("socket: %v, %v", socket.Mode(), err)
	}
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil || folder.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v", folder.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("in the folder: %v, %v", left, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
}

func TestTakenPaths(t *testing.T) {
	stale := func(t *testing.T, path string) {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
	}
	tests := map[string]struct {
		before func(t *testing.T, path string)
		want   string
	}{
		"nothing":        {func(*testing.T, string) {}, ""},
		"a stale socket": {stale, ""},
		"a live server":  {func(t *testing.T, path string) { serve(t, path, &fake{}) }, "a running server answers"},
		"a file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a socket"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			tc.before(t, path)
			s, err := Serve(path, &fake{})
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), path) {
					t.Fatalf("got %v, want an error with %q", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := dial(t, path).Ping(soon(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCloseLeavesAnothersSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	one := serve(t, path, &fake{})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	serve(t, path, &fake{})
	if err := one.Close(); err != nil {
		t.Error(err)
	}
	if err := dial(t, path).Ping(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestALongPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("long/", 40), "control.sock")
	serve(t, path, &fake{})
	if err := dial(t, path).Ping(soon(t)); err != nil {
		t.Error(err)
	}
	if _, err := Serve(path, &fake{}); err == nil || !strings.Contains(err.Error(), "a running server") {
		t.Errorf("got %v", err)
	}
}

func TestNobodyThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	if _, err := Dial(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "no server answers") {
		t.Errorf("got %v", err)
	}
}

func TestManyClients(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path, &fake{})
	var wg sync.WaitGroup
	for range 2 * maxConnections { // half of them wait for a place
		wg.Go(func() {
			c, err := Dial(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for range 5 {
				if err := c.Ping(soon(t)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAskingIsGivenUpWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	under := make(chan struct{})
	serve(t, path, &fake{reload: func(ctx context.Context) error {
		close(under)
		<-ctx.Done() // until the socket is closed
		return ctx.Err()
	}})
	c := dial(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-under; cancel() }()
	if err := c.Reload(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := c.Ping(soon(t)); err == nil {
		t.Error("a client went on although an answer was on its way")
	}
	if err := dial(t, path).Ping(soon(t)); err != nil {
		t.Errorf("another client: %v", err)
	}
}

func TestStopIsAnsweredBeforeTheSocketCloses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stopped := make(chan struct{})
	s := serve(t, path, &fake{stop: func(context.Context) error { close(stopped); return errors.New("two calls were cut off") }})
	idle := dial(t, path)
	if err := idle.Ping(soon(t)); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { <-stopped; closed <- s.Close() }()
	if err := dial(t, path).Stop(soon(t)); err == nil || err.Error() != "two calls were cut off" {
		t.Errorf("got %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestStopOfAServerThatIsGoneAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = bufio.NewReader(c).ReadString('\n')
		c.Close()
	}()
	if err := dial(t, path).Stop(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestBadRequests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	serve(t, path, &fake{reload: func(context.Context) error { panic("oh") }})
	tests := map[string]struct{ request, want string }{
		"not JSON":          {"hello", `{"error":"the request is not a JSON object"}`},
		"unknown operation": {`{"op":"dance"}`, `{"error":"there is no operation \"dance\""}`},
		"panic":             {`{"op":"reload"}`, `{"error":"reload failed within the server: oh"}`},
		"too long":          {strings.Repeat("x", maxRequest+1), ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(c, tc.request)
			got, _ := bufio.NewReader(c).ReadString('\n')
			if strings.TrimSpace(got) != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
