package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
)

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// processes are those of the folder, known to its lock or not.
func (s *site) processes() []int {
	s.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		s.Fatal(err)
	}
	var out []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && s.folder().owns(pid) {
			out = append(out, pid)
		}
	}
	return out
}

func (s *site) mustAnswer(url string) {
	s.Helper()
	resp, err := http.Get(strings.TrimSuffix(url, "/mcp") + "/health")
	if err != nil {
		s.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.Errorf("health answers %s", resp.Status)
	}
}

func TestPortsThatTheServerPicks(t *testing.T) {
	s := newSite(t)
	d := s.desired(anyPort("x"))
	if !d.Values.GetAttr("url").IsNull() || !d.Values.GetAttr("port").IsNull() {
		t.Errorf("the plan knows the port: %s", brief(d.Values))
	}
	v := s.apply(d)
	s.mustAnswer(v.GetAttr("url").AsString())
	if !strings.HasPrefix(v.GetAttr("metrics_url").AsString(), "http://127.0.0.1:") {
		t.Errorf("metrics_url = %#v", v.GetAttr("metrics_url"))
	}
	if got := s.read().Values; !got.RawEquals(v) {
		t.Errorf("read %s\nwant %s", brief(got), brief(v))
	}
}

func TestAReloadKeepsTheProcess(t *testing.T) {
	s := newSite(t)
	port := free(t)
	s.apply(s.desired(onPort(port, "")))
	before := s.folder().childState()
	s.apply(s.desired(onPort(port, `,"title":"two"`)))
	if after := s.folder().childState(); after != before {
		t.Errorf("the process was %+v and is %+v", before, after)
	}
	if !slices.Contains(s.progress, "reloading") {
		t.Errorf("progress = %q", s.progress)
	}
	s.apply(s.desired(onPort(free(t), "")))
	if after := s.folder().childState(); after.PID == before.PID {
		t.Error("another port is served by the same process")
	}
}

func TestTheSupervisorStartsACrashedServerAgain(t *testing.T) {
	s := newSite(t)
	s.apply(s.desired(anyPort("x")))
	before := s.folder().childState()
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	ok, err := await(t.Context(), 10*time.Second, func() (bool, error) {
		return s.folder().childState().PID != before.PID && s.folder().healthy(t.Context()) == nil, nil
	})
	if !ok || err != nil {
		t.Fatalf("it does not come back: %+v %v", s.folder().childState(), err)
	}
	if v := s.read().Values; v.GetAttr("running").False() {
		t.Error("it does not count as running")
	}
}

func TestPortInUse(t *testing.T) {
	for _, c := range []struct {
		name     string
		document func(port int) string
		remedy   string
	}{
		{"the port of the endpoint", func(p int) string { return onPort(p, "") }, "listen { port = "},
		{"the port of the metrics", func(p int) string {
			return fmt.Sprintf(`{"name":"docs","listen":{"port":0},"metrics":{"port":%d}}`, p)
		}, "metrics { port = "},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			port := l.Addr().(*net.TCPAddr).Port
			s := newSite(t)
			_, err = s.tryApply(s.desired(c.document(port)))
			diags := diag.FromError(err)
			if len(diags) != 1 || diags[0].Summary != "port in use" || !strings.Contains(diags[0].Remedy, c.remedy) ||
				!strings.Contains(diags[0].Detail, fmt.Sprintf("Port %d on 127.0.0.1 is in use by process %d (", port, os.Getpid())) {
				t.Errorf("error = %v", err)
			}
			if _, err := os.Stat(s.root); !errors.Is(err, fs.ErrNotExist) {
				t.Error("something was made")
			}

			// Nor is a server that runs disturbed.
			old := s.apply(s.desired(anyPort("old")))
			if _, err := s.tryApply(s.desired(c.document(port))); err == nil {
				t.Error("a server that runs takes a port in use")
			}
			if now := s.read().Values; !now.RawEquals(old) {
				t.Errorf("it was %s\nand is %s", brief(old), brief(now))
			}
		})
	}
}

func TestABadDocumentIsTakenBack(t *testing.T) {
	s := newSite(t)
	port := free(t)
	old := s.apply(s.desired(onPort(port, "")))
	for _, c := range []struct{ name, document, want string }{
		{"one that the server refuses when it reloads", onPort(port, `,"resource":{"r":{"file":"/nowhere/x"}}`), "the server refuses its new document"},
		{"one that the server cannot start with", onPort(port, `,"tls":{"certificate":"none","key":"`+secret+`"},"sensitive":["/tls/key"]`), "the server does not become healthy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := s.tryApply(s.desired(c.document))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) ||
				!strings.Contains(err.Error(), "runs again as it did before") {
				t.Errorf("error = %v, want %q, and that it was put back", err, c.want)
			}
			now := s.read().Values
			for _, attribute := range []string{"document", "release", "running", "loaded"} {
				if !now.GetAttr(attribute).RawEquals(old.GetAttr(attribute)) {
					t.Errorf("%s was %#v and is %#v", attribute, old.GetAttr(attribute), now.GetAttr(attribute))
				}
			}
			s.mustAnswer(now.GetAttr("url").AsString())
		})
	}
}

func TestSecretsStayInTheDocument(t *testing.T) {
	t.Setenv("ERLMCP_VAR_key", secret)
	s := newSite(t)
	s.apply(s.desired(fmt.Sprintf(`{"name":"docs","instructions":%q,"sensitive":["/instructions"],"listen":{"port":0},"metrics":{"port":0}}`, secret)))
	for _, pid := range s.processes() {
		for _, what := range []string{"cmdline", "environ"} {
			b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), what))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(b), secret) {
				t.Errorf("the secret stands in the %s of a process", what)
			}
		}
	}
	found := 0
	err := filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %s", path, info.Mode())
		}
		if b, err := os.ReadFile(path); err == nil && filepath.Base(path) != programName && strings.Contains(string(b), secret) {
			found++
			if filepath.Base(path) != documentName {
				t.Errorf("the secret stands in %s", path)
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("the secret was found %d times, %v", found, err)
	}
}

func TestTheFolderOfSomebodyElse(t *testing.T) {
	s := newSite(t)
	s.apply(s.desired(anyPort("x")))
	other := &site{T: t, provider: New(), root: s.root, owner: resource.Owner{Lineage: "another"}}
	if other.read().Exists {
		t.Error("it counts as one's own")
	}
	_, err := other.tryApply(other.desired(anyPort("y")))
	if diags := diag.FromError(err); len(diags) != 1 || diags[0].Summary != "the folder is taken" {
		t.Errorf("error = %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "Perhaps that state was lost") || !strings.Contains(err.Error(), "rm -r "+string(s.folder())) {
		t.Errorf("error = %v", err)
	}
	if err := other.delete(); err != nil {
		t.Error(err)
	}
	if v := s.read().Values; v.GetAttr("running").False() {
		t.Error("it runs no more")
	}
}

// Without its owner.json a folder is known by what was recorded of it.
func TestADamagedOwnerDoesNotKeepAServerFromEnding(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"gone":    os.Remove,
		"garbage": func(path string) error { return os.WriteFile(path, []byte("garbage"), 0o600) },
		"empty":   func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.apply(s.desired(anyPort("x")))
			if err := damage(s.folder().owner()); err != nil {
				t.Fatal(err)
			}
			if s.read().Exists {
				t.Error("it counts as one's own although nothing was recorded of it")
			}
			if _, err := s.tryApply(s.desired(anyPort("y"))); err == nil || !strings.Contains(err.Error(), "owner.json is lost") {
				t.Errorf("error = %v", err)
			}
			if err := s.delete(); err != nil { // with what was recorded
				t.Error(err)
			}
			if left := s.processes(); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
		})
	}
}

func TestAHungServerIsStartedAgain(t *testing.T) {
	s := newSite(t)
	d := s.desired(anyPort("x"))
	s.apply(d)
	hung := s.folder().childState().PID
	hang(t, hung)
	if v := s.read().Values; v.GetAttr("running").True() {
		t.Error("it counts as running")
	}
	v := s.apply(d)
	if s.folder().childState().PID == hung {
		t.Error("it was not started again")
	}
	s.mustAnswer(v.GetAttr("url").AsString())
}

func TestReleasesAreKeptForAWhile(t *testing.T) {
	s := newSite(t)
	var last string
	for i := range keptReleases + 2 {
		last = s.apply(s.desired(anyPort(fmt.Sprint(i)))).GetAttr("release").AsString()
	}
	entries, err := os.ReadDir(s.folder().releases())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) != keptReleases || !slices.Contains(names, last) {
		t.Errorf("releases %v, want %d with %s", names, keptReleases, last)
	}
	if runtimes, err := os.ReadDir(filepath.Join(s.root, "runtimes")); err != nil || len(runtimes) != 1 {
		t.Errorf("runtimes %v, %v; want one that all releases share", runtimes, err)
	}
}

func TestARootThatIsNotOursStays(t *testing.T) {
	s := newSite(t)
	if err := os.MkdirAll(s.root, 0o755); err != nil {
		t.Fatal(err)
	}
	s.apply(s.desired(anyPort("x")))
	if err := s.delete(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.root)
	if err != nil || len(entries) > 0 {
		t.Errorf("the root holds %v, %v", entries, err)
	}
}

func TestALongPath(t *testing.T) {
	s := newSite(t)
	s.root = filepath.Join(s.root, strings.Repeat("long", 30))
	s.apply(s.desired(anyPort("x")))
}

func TestAServerIsFoundWhereItWasWhenTheRootChanges(t *testing.T) {
	s := newSite(t)
	v := s.apply(s.desired(anyPort("x")))
	moved := &site{T: t, provider: New(), root: filepath.Join(t.TempDir(), "elsewhere"), owner: s.owner}
	d := moved.desired(anyPort("x"))
	r, err := moved.provider.OpenReader(t.Context(), target(moved.root), moved.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := r.Read(t.Context(), []resource.Key{{Address: d.Address, Type: d.Type, Prior: v}})[0]
	if !got.Exists || !got.Values.GetAttr("folder").RawEquals(v.GetAttr("folder")) {
		t.Fatalf("reading = %v %v", got.Exists, got.Err)
	}
	if d.Values.GetAttr("folder").RawEquals(v.GetAttr("folder")) {
		t.Error("the folder is not seen to change")
	}
}

func TestTheSupervisorPassesAReloadOn(t *testing.T) {
	s := newSite(t)
	s.apply(s.desired(anyPort("one")))
	before, _ := s.folder().status(t.Context())
	edit(t, filepath.Join(s.folder().current(), documentName), "one", "two")
	pid, err := s.folder().supervisor()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	ok, err := await(t.Context(), 10*time.Second, func() (bool, error) {
		now, ok := s.folder().status(t.Context())
		return ok && now.PID == before.PID && now.DocumentSHA256 != before.DocumentSHA256, nil
	})
	if !ok || err != nil {
		t.Errorf("the server does not reload: %v", err)
	}
}

// TestWhatASuccessorTakesIn changes what a running server cannot, while a client
// calls.
func TestWhatASuccessorTakesIn(t *testing.T) {
	s := newSite(t)
	port := free(t)
	v := s.apply(s.desired(onPort(port, "")))
	url := v.GetAttr("url").AsString()
	before := s.folder().childState()
	supervisor, err := s.folder().supervisor()
	if err != nil {
		t.Fatal(err)
	}
	stop, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				failed <- nil
				return
			default:
			}
			resp, err := http.Get(strings.TrimSuffix(url, "/mcp") + "/health")
			if err != nil {
				failed <- err
				return
			}
			resp.Body.Close()
		}
	}()
	now := s.apply(s.desired(onPort(port, `,"limits":{"workers":3}`)))
	after := s.folder().childState()
	if after.PID == before.PID || !slices.ContainsFunc(s.progress, func(p string) bool { return strings.HasPrefix(p, "upgrading") }) {
		t.Errorf("the process was %+v and is %+v; progress %q", before, after, s.progress)
	}
	if pid, err := s.folder().supervisor(); err != nil || pid != supervisor {
		t.Errorf("the supervisor was %d and is %d, %v", supervisor, pid, err)
	}
	_, err = s.tryApply(s.desired(onPort(port, `,"limits":{"workers":4},"resource":{"r":{"file":"/nowhere/x"}}`)))
	if err == nil || !strings.Contains(err.Error(), "the new server cannot take over") || !strings.Contains(err.Error(), "/nowhere/x") {
		t.Errorf("a document that no server can be built of: %v", err)
	}
	if got := s.read().Values; !got.GetAttr("document").RawEquals(now.GetAttr("document")) || got.GetAttr("running").False() || got.GetAttr("loaded").False() {
		t.Errorf("it was %s\nand is %s", brief(now), brief(got))
	}
	close(stop)
	if err := <-failed; err != nil {
		t.Errorf("a request failed: %v", err)
	}
}

func TestImpactOfADocument(t *testing.T) {
	for _, c := range []struct {
		name string
		path cty.Path
		want resource.Impact
	}{
		{"a tool", cty.GetAttrPath("tool").IndexString("a"), resource.ImpactReload},
		{"workers", cty.GetAttrPath("limits").GetAttr("workers"), resource.ImpactRolling},
		{"another certificate", cty.GetAttrPath("tls").GetAttr("certificate"), resource.ImpactRolling},
		{"TLS, on or off", cty.GetAttrPath("tls"), resource.ImpactRestart},
		{"another port", cty.GetAttrPath("listen").GetAttr("port"), resource.ImpactRestart},
		{"all of it", nil, resource.ImpactRestart},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := processType().Attribute("document").ImpactAt(c.path); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
