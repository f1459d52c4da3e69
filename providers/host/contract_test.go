package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/contract"
	"github.com/erlmcp/erlmcp/schemas"
)

const secret = "hunter2-in-the-clear"

func TestContract(t *testing.T) {
	root := filepath.Join(t.TempDir(), "servers")
	contract.Run(t, hostCase(t, root))
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the root stays: %v", err)
	}
}

func contractDocument(t *testing.T, port, metrics int, title string) cty.Value {
	t.Helper()
	v, err := schemas.Value(fmt.Appendf(nil, `{"name":"contract","title":%q,"instructions":%q,"sensitive":["/instructions"],
		"listen":{"address":"127.0.0.1","port":%d,"path":"/mcp"},"metrics":{"port":%d,"path":"/m"},
		"resource":{"hello":{"text":"hi"}}}`, title, secret, port, metrics))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func hostCase(t *testing.T, root string) contract.Case {
	port, metrics := free(t), free(t)
	here := folder(filepath.Join(root, "contract"))
	c := contract.Case{
		Provider: New(),
		Target:   target(root),
		Document: contractDocument(t, port, metrics, "One"),
		Updated:  contractDocument(t, port, metrics, "Two"),
		Files:    []resource.File{file(t, "docs/a.txt", "content")},
		Objects: func(t *testing.T, lineage string) []string {
			owners, err := filepath.Glob(filepath.Join(root, "*", "owner.json"))
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, path := range owners {
				var o ownership
				mustJSON(t, path, &o)
				if o.Lineage == lineage {
					out = append(out, o.Address)
				}
			}
			return out
		},
		Fixed: map[string]string{"process.folder": "it is what the process is found by"},
		Foreign: func(t *testing.T, _ contract.Values) {
			if err := os.WriteFile(here.join("notes.txt"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		Still: func(t *testing.T, _ contract.Values) {
			if _, err := os.Stat(here.join("notes.txt")); err != nil {
				t.Error(err)
			}
		},
		LoseReply: func(_ *testing.T, n int) (resource.Provider, func() bool) {
			p := &forgetful{Provider: New(), lose: int64(n)}
			return p, func() bool { return p.calls.Load() >= p.lose }
		},
	}
	c.Freeze = freezer(t, root)
	addDrifts(&c, here, port)
	return c
}

// forgetful carries out its n-th change and then says that it failed.
type forgetful struct {
	resource.Provider
	lose  int64
	calls atomic.Int64
}

func (p *forgetful) OpenWriter(ctx context.Context, t resource.Target, o resource.Owner) (resource.Writer, error) {
	w, err := p.Provider.OpenWriter(ctx, t, o)
	return &forgetfulWriter{w, p}, err
}

type forgetfulWriter struct {
	resource.Writer
	p *forgetful
}

func (w *forgetfulWriter) lost(v cty.Value, err error) (cty.Value, error) {
	if w.p.calls.Add(1) == w.p.lose {
		return cty.NilVal, errors.New("the reply is lost")
	}
	return v, err
}

func (w *forgetfulWriter) Create(ctx context.Context, c resource.Change) (cty.Value, error) {
	return w.lost(w.Writer.Create(ctx, c))
}

func (w *forgetfulWriter) Update(ctx context.Context, c resource.Change) (cty.Value, error) {
	return w.lost(w.Writer.Update(ctx, c))
}

func (w *forgetfulWriter) Delete(ctx context.Context, c resource.Change) error {
	_, err := w.lost(cty.NilVal, w.Writer.Delete(ctx, c))
	return err
}

// freezer compares what is below the root before and after, but for what the
// server itself writes.
func freezer(t *testing.T, root string) func(bool) {
	var before map[string]string
	return func(frozen bool) {
		now := map[string]string{}
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if name := filepath.Base(path); err == nil && d.IsDir() && (name == "log" || name == "run") {
				return filepath.SkipDir
			}
			if err != nil {
				return nil
			}
			if info, err := d.Info(); err == nil {
				now[path] = info.Mode().String() + info.ModTime().String()
			}
			return nil
		})
		if frozen {
			before = now
		} else if diff := cmp.Diff(before, now); diff != "" {
			t.Errorf("planning changed:\n%s", diff)
		}
	}
}

// killAll ends the supervisor and the server at once.
func killAll(t *testing.T, f folder) {
	t.Helper()
	pid, err := f.supervisor()
	if err != nil || pid == 0 {
		t.Fatalf("there is no supervisor (%v)", err)
	}
	child := f.childState().PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(child, syscall.SIGKILL) // it may have followed already
	ended(t, f)
}

// ended waits until no process of the folder is there.
func ended(t *testing.T, f folder) {
	t.Helper()
	ok, err := await(t.Context(), 10*time.Second, func() (bool, error) {
		pid, err := f.supervisor()
		return pid == 0 && len(f.strays()) == 0, err
	})
	if !ok || err != nil {
		t.Fatalf("the processes do not end: %v %v", f.strays(), err)
	}
}

// hang stops a process, and waits until all of it stands still.
func hang(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ok, err := await(t.Context(), 10*time.Second, func() (bool, error) {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, path := range threads {
			if stat, err := os.ReadFile(path); err != nil || !strings.Contains(string(stat), ") T ") {
				return false, nil
			}
		}
		return len(threads) > 0, err
	})
	if !ok || err != nil {
		t.Fatalf("process %d does not stop: %v", pid, err)
	}
}

func edit(t *testing.T, path, old, new string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(b), old, new, 1)
	if changed == string(b) {
		t.Fatalf("%s does not hold %q: %s", path, old, b)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// swapProgram puts another erlmcpd in the current release.
func swapProgram(t *testing.T, f folder) {
	t.Helper()
	path := filepath.Join(f.current(), programName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", append(b, 0), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func addDrifts(c *contract.Case, f folder, port int) {
	drift := func(attribute, name string, do func(*testing.T)) {
		c.Drifts = append(c.Drifts, contract.Drift{Name: name, Part: "process", Attribute: attribute, Do: func(t *testing.T, _ contract.Values) { do(t) }})
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	document := filepath.Join(f.current(), documentName)
	drift("", "all is gone", func(t *testing.T) {
		killAll(t, f)
		must(t, os.RemoveAll(string(f)))
	})
	drift("document", "the folder is gone and the process runs on", func(t *testing.T) { must(t, os.RemoveAll(string(f))) })
	drift("running", "the processes are killed", func(t *testing.T) { killAll(t, f) })
	drift("running", "the supervisor is killed", func(t *testing.T) {
		pid, err := f.supervisor()
		must(t, err)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		ok, err := await(t.Context(), 10*time.Second, func() (bool, error) { now, err := f.supervisor(); return now != pid, err })
		if !ok || err != nil {
			t.Fatalf("the supervisor does not end: %v", err)
		}
	})
	drift("running", "the server hangs", func(t *testing.T) { hang(t, f.childState().PID) })
	drift("marked", "what says whose the folder is is gone", func(t *testing.T) { must(t, os.Remove(f.owner())) })
	drift("marked", "what says whose the folder is is damaged", func(t *testing.T) { must(t, os.WriteFile(f.owner(), []byte("garbage"), 0o600)) })
	drift("loaded", "an apply was cut off before the reload", func(t *testing.T) { must(t, os.Remove(f.loaded())) })
	drift("document", "the document is edited", func(t *testing.T) { edit(t, document, `"title": "One"`, `"title": "Other"`) })
	drift("document", "a secret is edited", func(t *testing.T) { edit(t, document, secret, "other") })
	drift("document", "the document is cut", func(t *testing.T) { must(t, os.Truncate(document, 10)) })
	drift("document", "the release is gone", func(t *testing.T) { must(t, os.RemoveAll(filepath.Join(f.releases(), f.currentRelease()))) })
	drift("document", "the link leads elsewhere", func(t *testing.T) {
		must(t, os.Remove(f.current()))
		must(t, os.Symlink("/nowhere", f.current()))
	})
	drift("files", "a file is edited", func(t *testing.T) {
		edit(t, filepath.Join(f.current(), filesName, "docs", "a.txt"), "content", "other")
	})
	drift("files", "a file is added", func(t *testing.T) {
		must(t, os.WriteFile(filepath.Join(f.current(), filesName, "b.txt"), nil, 0o600))
	})
	drift("runtime", "the binary is another", func(t *testing.T) { swapProgram(t, f) })
	drift("executable", "another binary runs", func(t *testing.T) {
		path := filepath.Join(f.current(), programName)
		must(t, os.Link(path, path+".kept"))
		swapProgram(t, f)
		starts := f.childState().Starts
		must(t, syscall.Kill(f.childState().PID, syscall.SIGKILL))
		ok, err := await(t.Context(), 10*time.Second, func() (bool, error) { s := f.childState(); return s.Starts > starts && s.PID != 0, nil })
		if !ok || err != nil {
			t.Fatal("the supervisor does not start the server again")
		}
		must(t, os.Rename(path+".kept", path))
	})
	drift("url", "the path is edited", func(t *testing.T) { edit(t, document, `"path": "/mcp"`, `"path": "/other"`) })
	drift("metrics_url", "the path of metrics is edited", func(t *testing.T) { edit(t, document, `"path": "/m"`, `"path": "/other"`) })
	drift("address", "the address is edited", func(t *testing.T) { edit(t, document, `"127.0.0.1"`, `"127.0.0.2"`) })
	drift("port", "the port is edited", func(t *testing.T) { edit(t, document, fmt.Sprintf(`"port": %d`, port), `"port": 7`) })
}
