//go:build e2e

package gke

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/providers/contract"
)

// TestContractOverREST is TestContract in the other wire format of GKE.
func TestContractOverREST(t *testing.T) {
	google, at := newCloud(t, 0)
	contract.Run(t, contractCase(t, google, at.REST, at.REST))
}

// small is a target that costs little: one small node in one zone, all of it labelled
// as a test's. The placeholders are project, endpoints, name, and what changes.
const small = `
target "gke" "test" {
  project  = %q
  location = "europe-west1-b"
  name     = %q
  image    = "example.com/erlmcp:1"
%s
  cluster {
    release_channel     = "rapid"
    labels              = { purpose = "erlmcp-test", step = %q }
    authorized_networks = { test = %q }
    deletion_protection = false
    node_pool "main" {
      machine_type = "e2-small"
      disk_size    = 20
      spot         = true
      max_nodes    = %d
    }
  }
  firewall "test" {
    sources = [%q]
    allow   = ["tcp:8080"]
    targets = ["erlmcp-test"]
  }
}

server "contract" {
  target = target.gke.test
  gke { static_address = true }
  resource "hello" { text = "hi" }
}
`

// TestLifecycle makes, changes and deletes what stands outside of a cluster: in the
// cloud of these tests, in an emulator that ERLMCP_GKE_CONTAINER_ENDPOINT and
// ERLMCP_GKE_COMPUTE_ENDPOINT name, or in the real project ERLMCP_GKE_PROJECT, with
// application default credentials. What it makes is labelled and deleted whatever
// happens.
func TestLifecycle(t *testing.T) {
	project, endpoints := os.Getenv("ERLMCP_GKE_PROJECT"), ""
	container, compute := os.Getenv("ERLMCP_GKE_CONTAINER_ENDPOINT"), os.Getenv("ERLMCP_GKE_COMPUTE_ENDPOINT")
	if project == "" && container == "" {
		_, at := newCloud(t, 200*time.Millisecond)
		container, compute = at.GRPC, at.REST
	}
	if container != "" {
		endpoints = fmt.Sprintf("  container_endpoint = %q\n  compute_endpoint = %q\n", container, compute)
	}
	name := "erlmcp-test-" + uuid.NewString()[:8]
	text := func(step, network string, nodes int) string {
		return fmt.Sprintf(small, cmp.Or(project, "acme-prod"), name, endpoints, step, network, nodes, network)
	}
	s := newSite(t, text("one", "203.0.113.0/24", 1))
	t.Cleanup(func() {
		s.title = ""
		if err := s.apply().Err(); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	s.provider.instances["Two"] = mustLoad(t, text("two", "198.51.100.0/24", 2))
	for _, title := range []string{"One", "Two"} {
		s.title = title
		s.must(s.apply())
		s.settled()
	}
	s.title = ""
	s.must(s.apply())
	s.title = "One"
	for _, c := range s.changes() {
		if !strings.HasSuffix(c, " create") {
			t.Errorf("after all is deleted, the plan has %s", c)
		}
	}
}

// settled fails unless there is nothing to do.
func (s *site) settled() {
	s.t.Helper()
	p, diags := s.plan()
	s.must(diags)
	for _, c := range p.Changes {
		if c.Action != plan.NoOp || c.Drifted() {
			s.t.Errorf("after an apply, %s is still to %s: %v, drift %v", c.Address, c.Action, c.Differences, c.Drift)
		}
	}
}
