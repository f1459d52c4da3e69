package host

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// crashVariable holds, for a child of the tests, what it is to apply.
const crashVariable = "ERLMCP_HOST_TEST_APPLY"

type crashJob struct {
	Root, Lineage, Document string
	Delete                  bool
}

// applyUntilKilled is what the child does.
func applyUntilKilled() {
	var job crashJob
	if err := json.Unmarshal([]byte(os.Getenv(crashVariable)), &job); err != nil {
		panic(err)
	}
	doc, err := schemas.Value([]byte(job.Document))
	if err != nil {
		panic(err)
	}
	p := New()
	l, diags := p.Lower(resource.Instance{Address: address.Server{Name: "docs"}, Target: target(job.Root), Document: doc})
	if diags.HasErrors() {
		panic(diags.Err())
	}
	w, err := p.OpenWriter(context.Background(), target(job.Root), resource.Owner{Lineage: job.Lineage})
	if err != nil {
		panic(err)
	}
	d := l.Resources[0]
	c := resource.Change{Address: d.Address, Type: d.Type, Desired: d.Values, Revision: 1, Progress: func(string) {}}
	if job.Delete {
		c.Prior = d.Values
		err = w.Delete(context.Background(), c)
	} else {
		_, err = w.Create(context.Background(), c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKilledAtAnyMoment kills applies and deletes after random times, and each
// time expects the next one to converge.
func TestKilledAtAnyMoment(t *testing.T) {
	s := newSite(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 25 {
		job := crashJob{Root: s.root, Lineage: s.owner.Lineage, Document: anyPort(fmt.Sprint("title ", i)), Delete: i%5 == 4}
		b, err := json.Marshal(job)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), crashVariable+"="+string(b))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		after := time.Duration(random.IntN(300)) * time.Millisecond
		timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
		_ = cmd.Wait() // killed, or quicker than that
		timer.Stop()
		v := s.apply(s.desired(job.Document))
		if got := v.GetAttr("document").GetAttr("title").AsString(); got != fmt.Sprint("title ", i) {
			t.Fatalf("killed after %s: the title is %q", after, got)
		}
		if v.GetAttr("running").False() || v.GetAttr("loaded").False() {
			t.Fatalf("killed after %s: %s", after, brief(v))
		}
		s.wellAndAlone(after)
	}
}

// wellAndAlone checks that exactly one server of the folder runs, and that it
// runs the current release.
func (s *site) wellAndAlone(after time.Duration) {
	s.Helper()
	status, ok := s.folder().status(s.Context())
	if !ok || status.PID != s.folder().childState().PID {
		s.Fatalf("killed after %s: status %+v, %v", after, status, ok)
	}
	held, err := readRelease(s.folder().current())
	if err != nil {
		s.Fatal(err)
	}
	if status.DocumentSHA256 != sum(held.document) {
		s.Errorf("killed after %s: the process runs another document than the current one", after)
	}
	if got := s.processes(); len(got) != 2 {
		s.Errorf("killed after %s: processes %v, want a supervisor and a server", after, got)
	}
}
