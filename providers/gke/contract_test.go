package gke

import (
	"fmt"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/compute/apiv1/computepb"
	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/contract"
	"github.com/erlmcp/erlmcp/providers/gke/cloud"
	"github.com/erlmcp/erlmcp/schemas"
)

const (
	clusterAt  = "projects/acme-prod/locations/europe-west1/clusters/tools"
	firewallAt = "projects/acme-prod/global/firewalls/erlmcp-tools-checks"
	addressAt  = "projects/acme-prod/global/addresses/erlmcp-tools-contract"
	policyAt   = "projects/acme-prod/global/sslPolicies/erlmcp-tools-contract"
	certAt     = "projects/acme-prod/global/sslCertificates/erlmcp-tools-contract"
)

// settingsForm is a target with everything that changes in place, in one of two ways.
const settingsForm = `
target "gke" "prod" {
  project            = "acme-prod"
  location           = "europe-west1"
  name               = "tools"
  image              = "example.com/erlmcp:1"
  container_endpoint = %q
  compute_endpoint   = %q

  cluster {
    release_channel     = %q
    network             = "default"
    private_nodes       = true
    control_plane_cidr  = "172.16.0.0/28"
    zones               = ["europe-west1-b", %q]
    authorized_networks = { office = %q }
    workload_identity   = %t
    labels              = { team = %q }
    deletion_protection = false

    maintenance {
      recurrence = %q
      start      = "2026-01-03T00:00:00Z"
      end        = "2026-01-03T06:00:00Z"
    }

    node_pool "main" {
      machine_type    = %q
      disk_size       = %d
      min_nodes       = 1
      max_nodes       = %d
      zones           = ["europe-west1-b", %q]
      labels          = { pool = %q }
      tags            = [%q]
      max_surge       = %d
      max_unavailable = 1
      service_account = "nodes@acme-prod.iam.gserviceaccount.com"
      taint {
        key   = "dedicated"
        value = %q
      }
    }

    node_pool "still" {
      nodes = %d
      spot  = true
      zones = ["europe-west1-b"]
    }
  }

  firewall "checks" {
    sources  = ["130.211.0.0/22", %q]
    allow    = ["tcp:8080", %q]
    targets  = [%q]
    priority = %d
  }
}

server "contract" {
  target = target.gke.prod
  gke {
    domain = %q
    ssl_policy {
      profile = "MODERN"
      min_tls = %q
    }
  }
  resource "hello" { text = "hi" }
}
`

func settingsOne(container, compute, domain string) string {
	return fmt.Sprintf(settingsForm, container, compute, "regular", "europe-west1-c", "203.0.113.0/24", true, "one", "FREQ=WEEKLY;BYDAY=SA", "e2-standard-4", 50, 3,
		"europe-west1-c", "a", "tag-a", 1, "mcp", 1, "35.191.0.0/16", "tcp:9090", "tag-a", 1000, domain, "1.2")
}

func settingsTwo(container, compute, domain string) string {
	return fmt.Sprintf(settingsForm, container, compute, "stable", "europe-west1-d", "198.51.100.0/24", false, "two", "FREQ=WEEKLY;BYDAY=SU", "n2-standard-4", 80, 5,
		"europe-west1-d", "b", "tag-b", 2, "tools", 2, "10.0.0.0/8", "udp:53", "tag-b", 900, domain, "1.1")
}

func titled(t *testing.T, title string) cty.Value {
	t.Helper()
	v, err := schemas.Value(fmt.Appendf(nil, `{"name":"contract","title":%q,"instructions":"for-contract-eyes-only","sensitive":["/instructions"]}`, title))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestContract holds the provider to what the engine expects of any, with what stands
// outside of clusters. It speaks gRPC to GKE; with the build tag e2e, REST too.
func TestContract(t *testing.T) {
	google, at := newCloud(t, 0)
	contract.Run(t, contractCase(t, google, at.GRPC, at.REST))
}

func contractCase(t *testing.T, google *cloud.Cloud, container, compute string) contract.Case {
	p := newOutside()
	p.instances["One"] = mustLoad(t, settingsOne(container, compute, "mcp.example.com"))
	p.instances["Two"] = mustLoad(t, settingsTwo(container, compute, "mcp.example.com"))
	p.instances["Three"] = mustLoad(t, settingsOne(container, compute, "other.example.com"))
	var frozen atomic.Bool
	judge := func(c cloud.Call) cloud.Fault {
		if frozen.Load() && c.Changes() {
			t.Errorf("%s while frozen", c.Method)
		}
		return cloud.Fault{}
	}
	google.Fail(judge)
	c := contract.Case{
		Provider: p, Target: p.instances["One"].Target, Unserved: true,
		Document: titled(t, "One"), Updated: titled(t, "Two"), Replaced: titled(t, "Three"),
		Objects: func(_ *testing.T, lineage string) []string { return google.Objects(lineage) },
		Freeze:  frozen.Store,
		LoseReply: func(_ *testing.T, n int) (resource.Provider, func() bool) {
			seen := 0 // calls come one at a time
			google.Fail(func(c cloud.Call) cloud.Fault {
				f := judge(c)
				if c.Changes() {
					seen++
					f.Lose = seen == n
				}
				return f
			})
			return p, func() bool { return seen >= n }
		},
		Fixed: map[string]string{
			"cluster.name": "clusters cannot be renamed", "cluster.location": "nor moved", "cluster.mode": "nor become the other kind",
			"cluster.network": "nor change their network", "cluster.private_nodes": "nor become public", "cluster.control_plane_cidr": "nor move their control plane",
			"pool-main.name": "pools cannot be renamed", "pool-main.spot": "nor change their kind", "pool-main.service_account": "nor their account",
			"pool-still.name": "as above", "pool-still.spot": "as above",
			"firewall-checks.name": "rules cannot be renamed", "firewall-checks.network": "nor moved",
			"address.name": "addresses cannot be renamed", "address.region": "nor moved",
			"ssl-policy.name": "policies cannot be renamed", "certificate.name": "certificates cannot be renamed", "certificate.domains": "nor changed",
		},
	}
	contractDrifts(&c, google)
	c.Foreign = func(t *testing.T, _ contract.Values) {
		meddle(t, google.Cluster(clusterAt, func(k *containerpb.Cluster) {
			k.ResourceLabels["cost-center"] = "42"
			k.LoggingService = "none"
		}))
	}
	c.Still = func(t *testing.T, _ contract.Values) {
		meddle(t, google.Cluster(clusterAt, func(k *containerpb.Cluster) {
			if k.GetResourceLabels()["cost-center"] != "42" || k.GetLoggingService() != "none" {
				t.Errorf("what others set has become %v, %q", k.GetResourceLabels(), k.GetLoggingService())
			}
		}))
	}
	return c
}

func meddle(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contractDrifts(c *contract.Case, google *cloud.Cloud) {
	add := func(part, attribute string, do func(t *testing.T)) {
		c.Drifts = append(c.Drifts, contract.Drift{Name: part + " " + attribute, Part: part, Attribute: attribute, Do: func(t *testing.T, _ contract.Values) { do(t) }})
	}
	for part, path := range map[string]string{
		"cluster": clusterAt, "pool-main": clusterAt + "/nodePools/main", "pool-still": clusterAt + "/nodePools/still", "firewall-checks": firewallAt, "address": addressAt, "ssl-policy": policyAt, "certificate": certAt,
	} {
		add(part, "", func(*testing.T) { google.Lose(path) })
	}
	for attribute, do := range map[string]func(*containerpb.Cluster){
		"release_channel": func(k *containerpb.Cluster) { k.ReleaseChannel.Channel = containerpb.ReleaseChannel_RAPID },
		"zones":           func(k *containerpb.Cluster) { k.Locations = []string{"europe-west1-b"} },
		"authorized_networks": func(k *containerpb.Cluster) {
			k.ControlPlaneEndpointsConfig.IpEndpointsConfig.AuthorizedNetworksConfig.CidrBlocks[0].CidrBlock = "0.0.0.0/0"
		},
		"workload_identity":   func(k *containerpb.Cluster) { k.WorkloadIdentityConfig = nil },
		"maintenance":         func(k *containerpb.Cluster) { k.MaintenancePolicy = nil },
		"labels":              func(k *containerpb.Cluster) { k.ResourceLabels["team"] = "other" },
		"deletion_protection": func(k *containerpb.Cluster) { k.ResourceLabels[labelProtection] = "true" },
	} {
		add("cluster", attribute, func(t *testing.T) { meddle(t, google.Cluster(clusterAt, do)) })
	}
	pool := func(n int, part, attribute string, do func(*containerpb.NodePool)) {
		add(part, attribute, func(t *testing.T) {
			meddle(t, google.Cluster(clusterAt, func(k *containerpb.Cluster) { do(k.NodePools[n]) }))
		})
	}
	for n, part := range []string{"pool-main", "pool-still"} {
		for attribute, do := range map[string]func(*containerpb.NodePool){
			"machine_type":    func(p *containerpb.NodePool) { p.Config.MachineType = "e2-small" },
			"disk_size":       func(p *containerpb.NodePool) { p.Config.DiskSizeGb = 10 },
			"zones":           func(p *containerpb.NodePool) { p.Locations = []string{"europe-west1-d"} },
			"labels":          func(p *containerpb.NodePool) { p.Config.Labels = map[string]string{"x": "y"} },
			"taints":          func(p *containerpb.NodePool) { p.Config.Taints = []*containerpb.NodeTaint{{Key: "x"}} },
			"tags":            func(p *containerpb.NodePool) { p.Config.Tags = []string{"x"} },
			"max_surge":       func(p *containerpb.NodePool) { p.UpgradeSettings.MaxSurge = 9 },
			"max_unavailable": func(p *containerpb.NodePool) { p.UpgradeSettings.MaxUnavailable = 9 },
			"auto_repair":     func(p *containerpb.NodePool) { p.Management.AutoRepair = false },
			"auto_upgrade":    func(p *containerpb.NodePool) { p.Management.AutoUpgrade = false },
			"max_nodes": func(p *containerpb.NodePool) {
				p.Autoscaling = &containerpb.NodePoolAutoscaling{Enabled: true, MaxNodeCount: 9}
			},
		} {
			pool(n, part, attribute, do)
		}
	}
	pool(0, "pool-main", "min_nodes", func(p *containerpb.NodePool) { p.Autoscaling.MinNodeCount = 0 })
	pool(1, "pool-still", "nodes", func(p *containerpb.NodePool) { p.InitialNodeCount = 7 })
	for attribute, do := range map[string]func(*computepb.Firewall){
		"sources":  func(f *computepb.Firewall) { f.SourceRanges = []string{"0.0.0.0/0"} },
		"allow":    func(f *computepb.Firewall) { f.Allowed = f.Allowed[:1]; f.Allowed[0].Ports = nil },
		"targets":  func(f *computepb.Firewall) { f.TargetTags = nil },
		"priority": func(f *computepb.Firewall) { *f.Priority = 1 },
	} {
		add("firewall-checks", attribute, func(t *testing.T) { meddle(t, cloud.Object(google, firewallAt, do)) })
	}
	for attribute, do := range map[string]func(*computepb.SslPolicy){
		"profile": func(p *computepb.SslPolicy) { *p.Profile = "COMPATIBLE" },
		"min_tls": func(p *computepb.SslPolicy) { *p.MinTlsVersion = "TLS_1_0" },
	} {
		add("ssl-policy", attribute, func(t *testing.T) { meddle(t, cloud.Object(google, policyAt, do)) })
	}
	// A broken cluster or pool is another matter; one that is being made passes.
	add("cluster", "ready", func(t *testing.T) {
		meddle(t, google.Cluster(clusterAt, func(k *containerpb.Cluster) { k.Status = containerpb.Cluster_PROVISIONING }))
		google.Begin(clusterAt, func(k *containerpb.Cluster) { k.Status = containerpb.Cluster_RUNNING })
	})
	for n, part := range []string{"pool-main", "pool-still"} {
		add(part, "ready", func(t *testing.T) {
			meddle(t, google.Cluster(clusterAt, func(k *containerpb.Cluster) { k.NodePools[n].Status = containerpb.NodePool_PROVISIONING }))
			google.Begin(clusterAt, func(k *containerpb.Cluster) { k.NodePools[n].Status = containerpb.NodePool_RUNNING })
		})
	}
}
