package gke

import (
	"slices"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/providers/gke/cloud"
)

// simple is a target with a cluster and one pool, and a server without an entrance.
func simple(at cloud.Endpoints, cluster string) string {
	return `
target "gke" "prod" {
  project            = "acme-prod"
  location           = "europe-west1"
  name               = "tools"
  image              = "example.com/erlmcp:1"
  container_endpoint = "` + at.GRPC + `"
  compute_endpoint   = "` + at.REST + `"
  cluster {
    ` + cluster + `
    node_pool "main" {}
  }
}
server "contract" {
  target = target.gke.prod
  gke { static_address = true }
  resource "hello" { text = "hi" }
}
`
}

// cutOff ends an apply while it waits for the first operation, which google holds.
func (s *site) cutOff(google *cloud.Cloud) {
	s.t.Helper()
	google.Hold(true)
	s.abort = make(chan struct{})
	asked := false
	google.Fail(func(c cloud.Call) cloud.Fault {
		if c.Method == "GetOperation" && !asked {
			asked = true
			close(s.abort)
		}
		return cloud.Fault{}
	})
	if diags := s.apply(); !diags.HasErrors() {
		s.t.Fatal("the apply that was cut off says that all is well")
	}
	s.abort = nil
	google.Fail(nil)
}

func TestAnApplyThatWasCutOffIsGoneOnWith(t *testing.T) {
	google, at := newCloud(t, 0)
	s := newSite(t, simple(at, "deletion_protection = false"))
	s.cutOff(google)
	if got := s.changes(); !slices.Contains(got, "cluster update") {
		t.Errorf("the plan has %v", got)
	}

	google.Fail(func(c cloud.Call) cloud.Fault {
		if c.Method == "GetOperation" {
			go google.Hold(false)
		}
		return cloud.Fault{}
	})
	s.must(s.apply())
	if !s.said("finish what was begun before: create cluster (operation-") {
		t.Errorf("it does not say what it waits for: %q", s.progress)
	}
	if n := google.Calls("CreateCluster"); n != 1 {
		t.Errorf("the cluster was asked for %d times", n)
	}
	if got := s.changes(); slices.ContainsFunc(got, func(c string) bool {
		return !slices.Contains([]string{"cluster no-op", "pool-main no-op", "address no-op"}, c)
	}) {
		t.Errorf("the plan has %v", got)
	}
}

func TestAClusterThatWasLostIsMadeAgain(t *testing.T) {
	google, at := newCloud(t, 0)
	s := newSite(t, simple(at, "deletion_protection = false"))
	s.must(s.apply())
	google.Lose(clusterAt)
	if got, want := s.changes(), []string{"cluster create gone", "pool-main create gone", "address no-op"}; !slices.Equal(got, want) {
		t.Errorf("the plan has %v, want %v", got, want)
	}
	s.must(s.apply())
	if n := google.Calls("CreateCluster"); n != 2 {
		t.Errorf("the cluster was asked for %d times", n)
	}
}

// TestPoolsGoWithTheirCluster deletes a cluster and makes another in its place: its
// pools are not asked for on their own, which would take a while each.
func TestPoolsGoWithTheirCluster(t *testing.T) {
	google, at := newCloud(t, 0)
	s := newSite(t, simple(at, `deletion_protection = false
    node_pool "other" {}`))
	s.must(s.apply())
	s.provider.instances["Two"] = mustLoad(t, simple(at, `deletion_protection = false
    private_nodes = true
    node_pool "other" {}`))
	s.title = "Two"
	s.must(s.apply())
	if got := s.changes(); slices.ContainsFunc(got, func(c string) bool { return !strings.HasSuffix(c, " no-op") }) {
		t.Errorf("the plan has %v", got)
	}
	s.title = ""
	s.must(s.apply())
	if left := google.Objects(""); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for method, want := range map[string]int{"CreateCluster": 2, "DeleteCluster": 2, "CreateNodePool": 0, "DeleteNodePool": 0} {
		if n := google.Calls(method); n != want {
			t.Errorf("%s was asked %d times, want %d", method, n, want)
		}
	}
}

// TestADestroyThatWasCutOffIsGoneOnWith ends a destroy while the cluster goes: the
// next one has nothing but the rest to do.
func TestADestroyThatWasCutOffIsGoneOnWith(t *testing.T) {
	google, at := newCloud(t, 0)
	s := newSite(t, simple(at, "deletion_protection = false"))
	s.must(s.apply())
	s.title = ""
	s.cutOff(google)
	google.Hold(false)
	s.must(s.apply())
	if left := google.Objects(""); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if got := s.changes(); len(got) > 0 {
		t.Errorf("the plan has %v", got)
	}
}

func TestAProtectedClusterIsNotDeleted(t *testing.T) {
	google, at := newCloud(t, 0)
	s := newSite(t, simple(at, ""))
	s.must(s.apply())
	before := google.Objects("")
	refused := func(what string) {
		t.Helper()
		if text := wholeText(s.apply()); !hasAll(text, "target.gke.prod/cluster is protected", "deletion_protection = false") {
			t.Errorf("%s: %s", what, text)
		}
		if after := google.Objects(""); !slices.Equal(before, after) {
			t.Errorf("%s: there are %v, and there were %v", what, after, before)
		}
	}
	s.title = ""
	refused("destroy")
	s.title = "Two"
	s.provider.instances["Two"] = mustLoad(t, simple(at, "private_nodes = true"))
	refused("replace")

	s.provider.instances["Two"] = mustLoad(t, simple(at, "deletion_protection = false"))
	s.must(s.apply())
	s.title = ""
	s.must(s.apply())
	if left := google.Objects(""); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestWhatNobodyElseMadeIsTakenOver(t *testing.T) {
	for name, change := range map[string]func(*cloud.Endpoints){
		"gRPC": func(*cloud.Endpoints) {},
		"REST": func(e *cloud.Endpoints) { e.GRPC = e.REST },
	} {
		t.Run(name, func(t *testing.T) {
			google, at := newCloud(t, 0)
			change(&at)
			mine, other := newSite(t, simple(at, "deletion_protection = false")), newSite(t, simple(at, ""))
			mine.must(mine.apply())
			before := google.Objects("")
			text := wholeText(other.apply())
			if !hasAll(text, `The cluster "tools" is there already, and it is not one of this configuration`, `The address "erlmcp-tools-contract" is there already`) {
				t.Error(text)
			}
			if after := google.Objects(""); !slices.Equal(before, after) {
				t.Errorf("there are %v, and there were %v", after, before)
			}
		})
	}
}

var _ apply.Observer = (*site)(nil)
