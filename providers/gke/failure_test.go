package gke

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/erlmcp/erlmcp/providers/gke/cloud"
)

func hasAll(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// on is a fault of one method.
func on(method string, f cloud.Fault) func(cloud.Call) cloud.Fault {
	return func(c cloud.Call) cloud.Fault {
		if c.Method == method {
			return f
		}
		return cloud.Fault{}
	}
}

func TestFailuresSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault func(cloud.Call) cloud.Fault
		want  []string
		left  bool // there is something left of the cluster
	}{
		{"a permission on clusters", on("CreateCluster", cloud.Fault{Refuse: cloud.Denied("container.clusters.create", "acme-prod")}),
			[]string{"permission is missing: container.clusters.create", "--role=roles/container.admin", "projects add-iam-policy-binding acme-prod"}, false},
		{"a permission on addresses", on("Addresses.Insert", cloud.Fault{Refuse: cloud.Denied("compute.addresses.create", "acme-prod")}),
			[]string{"permission is missing: compute.addresses.create", "roles/compute.networkAdmin"}, true},
		{"an API that is not enabled", on("CreateCluster", cloud.Fault{Refuse: cloud.Disabled("container.googleapis.com", "acme-prod")}),
			[]string{"An API is not enabled", "gcloud services enable container.googleapis.com --project=acme-prod"}, false},
		{"a quota, when asked", on("CreateCluster", cloud.Fault{Refuse: cloud.Quota("CPUS", "europe-west1")}),
			[]string{"quota is used up: CPUS", "short '1.0'", "quotas?project=acme-prod"}, false},
		{"a quota, in an operation of GKE", on("CreateCluster", cloud.Fault{Operation: cloud.QuotaOperation("SSD_TOTAL_GB", "europe-west1")}),
			[]string{"quota is used up: SSD_TOTAL_GB", "europe-west1"}, false},
		{"a quota, in an operation of Compute Engine", on("Addresses.Insert", cloud.Fault{Operation: cloud.QuotaOperation("STATIC_ADDRESSES", "europe-west1")}),
			[]string{"quota is used up: STATIC_ADDRESSES"}, true},
		{"no machines left", on("CreateCluster", cloud.Fault{Operation: cloud.Stockout("europe-west1-b")}),
			[]string{"no such machines left", "europe-west1-b", "other zones or another machine type"}, false},
		{"an error that nobody explains", on("CreateCluster", cloud.Fault{Refuse: cloud.Internal()}),
			[]string{"create the cluster tools: Internal error"}, false},
	} {
		for wire, change := range map[string]func(*cloud.Endpoints){
			"gRPC": func(*cloud.Endpoints) {},
			"REST": func(e *cloud.Endpoints) { e.GRPC = e.REST },
		} {
			if strings.Contains(tt.name, "nobody") && wire == "REST" {
				continue // a 500 of REST may pass, and is tried again
			}
			t.Run(tt.name+" over "+wire, func(t *testing.T) {
				google, at := newCloud(t, 0)
				change(&at)
				s := newSite(t, simple(at, "deletion_protection = false"))
				google.Fail(tt.fault)
				text := wholeText(s.apply())
				if !hasAll(text, tt.want...) {
					t.Errorf("want %q in:\n%s", tt.want, text)
				}
				google.Fail(nil)
				if left := strings.Contains(strings.Join(google.Objects(""), " "), "clusters/"); left != tt.left {
					t.Errorf("there are %v", google.Objects(""))
				}
				s.must(s.apply())
			})
		}
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	for name, refusal := range map[string]error{
		"a 429": cloud.Slower(time.Second), "a 503": cloud.Unavailable(time.Second),
	} {
		for wire, change := range map[string]func(*cloud.Endpoints){
			"gRPC": func(*cloud.Endpoints) {},
			"REST": func(e *cloud.Endpoints) { e.GRPC = e.REST },
		} {
			t.Run(name+" over "+wire, func(t *testing.T) {
				t.Parallel()
				google, at := newCloud(t, 0)
				change(&at)
				s := newSite(t, simple(at, ""))
				refused := map[string]time.Time{}
				google.Fail(func(c cloud.Call) cloud.Fault {
					if c.Method != "CreateCluster" && c.Method != "Addresses.Insert" {
						return cloud.Fault{}
					}
					if at, again := refused[c.Method]; again {
						if waited := time.Since(at); waited < time.Second {
							t.Errorf("%s came again after %s, and was asked to wait for a second", c.Method, waited)
						}
						return cloud.Fault{}
					}
					refused[c.Method] = time.Now()
					return cloud.Fault{Refuse: refusal}
				})
				s.must(s.apply())
				if len(refused) != 2 {
					t.Errorf("only %v was refused", refused)
				}
			})
		}
	}
}

func TestWhatALoadBalancerStillUsesIsWaitedFor(t *testing.T) {
	google, at := newCloud(t, 0)
	s := newSite(t, simple(at, "deletion_protection = false"))
	s.must(s.apply())
	left := 3
	google.Fail(func(c cloud.Call) cloud.Fault {
		if c.Method == "Addresses.Delete" {
			if left--; left >= 0 {
				return cloud.Fault{Refuse: cloud.InUse("erlmcp-tools-contract", "a forwarding rule")}
			}
		}
		return cloud.Fault{}
	})
	s.title = ""
	s.must(s.apply())
	if !s.said("waiting until nothing uses the address erlmcp-tools-contract any more") {
		t.Errorf("it says %q", s.progress)
	}
}

func TestPausesBetweenTries(t *testing.T) {
	web := func(code int, after string) error {
		e := &googleapi.Error{Code: code, Header: http.Header{}}
		if after != "" {
			e.Header.Set("Retry-After", after)
		}
		return e
	}
	for _, tt := range []struct {
		name  string
		err   error
		again bool
		least time.Duration
	}{
		{"seconds", web(429, "7"), true, 7 * time.Second},
		{"a date", web(503, time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)), true, 50 * time.Second},
		{"nothing said", web(503, ""), true, firstPause / 2},
		{"longer than anybody waits", web(429, "86400"), false, 0},
		{"a refusal", web(403, ""), false, 0},
		{"gRPC", cloud.Unavailable(3 * time.Second), true, 3 * time.Second},
		{"a quota", cloud.QuotaOperation("CPUS", "x"), false, 0},
		{"something else", errors.New("no"), false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &retryer{left: tries, pause: firstPause}
			pause, again := r.Retry(tt.err)
			if again != tt.again || again && pause < tt.least {
				t.Errorf("again %v after %s", again, pause)
			}
		})
	}
	r := &retryer{left: tries, pause: firstPause}
	n := 1
	for again := true; again; n++ {
		_, again = r.Retry(cloud.Unavailable(0))
	}
	if n-1 != tries {
		t.Errorf("%d tries, want %d", n-1, tries)
	}
}

func TestNoAnswerAtAllIsNoVerifiedPlan(t *testing.T) {
	for name, at := range map[string]cloud.Endpoints{
		"gRPC": {GRPC: "grpc://127.0.0.1:1", REST: "http://127.0.0.1:1"},
		"REST": {GRPC: "http://127.0.0.1:1", REST: "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, diags := newSite(t, simple(at, "")).plan()
			if diags.HasErrors() || len(p.Unverified) != 1 || !hasAll(wholeText(diags), "no answer from Google Cloud", "not verified") {
				t.Errorf("the plan says: %s", wholeText(diags))
			}
		})
	}
}
