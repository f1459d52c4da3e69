package host

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
)

func TestFenceSettings(t *testing.T) {
	doc, err := schemas.Value([]byte(`{"name":"x","limits":{"memory":"64MB","cpu":0.5,"processes":32}}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		files map[string]string // what is written, by path below the root
		mark  string            // a file that tells the version
	}{
		"the first version": {map[string]string{
			"memory/erlmcp-x/memory.limit_in_bytes": "67108864", "cpu/erlmcp-x/cpu.cfs_period_us": "100000",
			"cpu/erlmcp-x/cpu.cfs_quota_us": "50000", "pids/erlmcp-x/pids.max": "32",
		}, "tasks"},
		"the second version": {map[string]string{
			"erlmcp-x/memory.max": "67108864", "erlmcp-x/memory.swap.max": "0", "erlmcp-x/cpu.max": "50000 100000", "erlmcp-x/pids.max": "32",
		}, "cgroup.controllers"},
	} {
		t.Run(name, func(t *testing.T) {
			g := fence{t.TempDir(), "erlmcp-x"}
			for path := range tt.files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(g.root, path)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(g.root, path), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(g.root, tt.mark), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := g.raise(doc); err != nil {
				t.Fatal(err)
			}
			holds := func(want map[string]string) {
				t.Helper()
				for path, want := range want {
					if got, err := os.ReadFile(filepath.Join(g.root, path)); err != nil || string(got) != want {
						t.Errorf("%s holds %q, want %q (%v)", path, got, want, err)
					}
				}
			}
			holds(tt.files)
			narrow, err := g.widen(doc)
			if err != nil {
				t.Fatal(err)
			}
			wide := maps.Clone(tt.files)
			for path, value := range wide {
				switch value {
				case "67108864":
					wide[path] = "134217728"
				case "32":
					wide[path] = "64"
				}
			}
			holds(wide)
			if err := narrow(); err != nil {
				t.Fatal(err)
			}
			holds(tt.files)
		})
	}
}

// One that takes over has room of its own, also where a limit leaves none for two.
func TestATakeOverHasRoomForTwo(t *testing.T) {
	s := newSite(t)
	for _, workers := range []string{"4", "5"} {
		s.apply(s.desired(`{"name":"docs","listen":{"port":0},"metrics":{"port":0},"limits":{"memory":"16MB","workers":` + workers + `}}`))
	}
	g := s.folder().fence()
	for _, path := range []string{"memory/" + g.name + "/memory.limit_in_bytes", g.name + "/memory.max"} {
		if held, err := os.ReadFile(filepath.Join(g.root, path)); err == nil && strings.TrimSpace(string(held)) != "16777216" {
			t.Errorf("afterwards %s is %s", path, held)
		}
	}
}

// Where this user may make control groups, the server and its supervisor are in
// them from their first moment, and the groups go with the server.
func TestServersAreHeldToTheirLimits(t *testing.T) {
	s := newSite(t)
	s.apply(s.desired(`{"name":"docs","listen":{"port":0},"metrics":{"port":0},"limits":{"memory":"64MB"}}`))
	g := s.folder().fence()
	doc, err := schemas.Value([]byte(`{"name":"docs","limits":{"memory":"64MB"}}`))
	if err != nil {
		t.Fatal(err)
	}
	groups, err := g.raise(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range s.processes() {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(b), g.name); got != len(groups) {
			t.Errorf("process %d is in %d of the groups %v:\n%s", pid, got, groups, b)
		}
	}
	if own, err := os.ReadFile("/proc/self/cgroup"); err != nil || strings.Contains(string(own), g.name) {
		t.Errorf("this process is in them too: %s %v", own, err)
	}
	if err := s.delete(); err != nil {
		t.Fatal(err)
	}
	for _, group := range groups {
		if _, err := os.Stat(group); err == nil {
			t.Errorf("%s is left", group)
		}
	}
}

func TestAServerThatNeedsMoreMemoryIsNotWell(t *testing.T) {
	s := newSite(t)
	groups, err := s.folder().fence().raise(s.desired(anyPort("x")).Values.GetAttr("document"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.tryApply(s.desired(`{"name":"docs","listen":{"port":0},"metrics":{"port":0},"limits":{"memory":"1MB"}}`))
	if held := len(groups) > 0; held != (err != nil) {
		t.Errorf("with the groups %v the error is %v", groups, err)
	}
}
