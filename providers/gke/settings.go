package gke

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// settings is the body of a target block.
type settings struct{ schemas.GKETarget }

var (
	nameForm    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`) })
	projectForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([a-z0-9.-]+:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$`) })
	placeForm   = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+(-[a-z])?$`)
)

func settingsOf(t resource.Target) (settings, error) {
	config, _ := t.Config.UnmarkDeep()
	body, err := schemas.Decode[schemas.GKETarget](config)
	if err != nil {
		return settings{}, fmt.Errorf("%s: %w", t.Address, err)
	}
	s := settings{body}
	bad := func(attribute, value, remedy string) (settings, error) {
		return s, refuse(t, "bad "+attribute, "%q cannot be the %s of a cluster.", value, attribute).Fix("%s", remedy)
	}
	switch {
	case !projectForm().MatchString(s.Project):
		return bad("project", s.Project, "Write the project's ID, such as \"acme-prod\", not its name or number.")
	case !placeForm.MatchString(s.Location):
		return bad("location", s.Location, "Write a region, such as \"europe-west1\", or a zone, such as \"europe-west1-b\".")
	case !nameForm().MatchString(s.Name):
		return bad("name", s.Name, "Use at most 40 small letters, digits and dashes; begin with a letter, and do not end with a dash.")
	case s.Endpoint != "" && !strings.HasPrefix(s.Endpoint, "https://"):
		return s, refuse(t, "bad endpoint", "%q is not the URL of an API server.", s.Endpoint).Fix("It looks like https://10.0.0.5.")
	case s.Cluster == nil && len(s.Firewalls) > 0:
		return s, refuse(t, "no cluster block", "Firewall rules are made in the network of a cluster that erlmcp makes, and this target uses one that exists.").
			Fix("Write a cluster block, or leave the firewall blocks out.")
	}
	for _, e := range []struct {
		attribute, value string
		schemes          []string
	}{
		{"container_endpoint", s.ContainerEndpoint, []string{"https", "http", "grpcs", "grpc"}},
		{"compute_endpoint", s.ComputeEndpoint, []string{"https", "http"}},
	} {
		if _, err := parseEndpoint(e.value, e.schemes); err != nil {
			return s, refuse(t, "bad "+e.attribute, "%s.", err).Fix("Leave it out to use Google's own.")
		}
	}
	return s, s.checkCluster(t)
}

func (s settings) checkCluster(t resource.Target) error {
	c := s.Cluster
	if c == nil {
		return nil
	}
	switch {
	case autopilot(c) && len(c.NodePools) > 0:
		return refuse(t, "node pools on Autopilot", "On an Autopilot cluster the nodes are GKE's, and %s has node_pool blocks.", t.Address).
			Fix("Leave them out, or write mode = \"standard\".")
	case autopilot(c) && c.ReleaseChannel == "none":
		return refuse(t, "no release channel", "An Autopilot cluster has a release channel.").Fix("Leave release_channel out, or name one.")
	case !autopilot(c) && len(c.NodePools) == 0:
		return refuse(t, "no node pool", "A Standard cluster has at least one node pool, and %s has none.", t.Address).
			Fix("Write node_pool \"default\" {}, or mode = \"autopilot\".")
	case c.ControlPlaneCIDR != "" && !c.PrivateNodes:
		return refuse(t, "control_plane_cidr without private nodes", "Only a cluster with private nodes has a range for its control plane.").
			Fix("Write private_nodes = true, or leave control_plane_cidr out.")
	}
	if m := c.Maintenance; m != nil && (m.Recurrence != "") != (m.Start != "" && m.End != "") {
		return refuse(t, "half a maintenance window", "start and end are for recurrence, and are needed with it.").
			Fix("Write recurrence, start and end; or daily alone.")
	}
	for name, p := range c.NodePools {
		low := p.MinNodes
		switch {
		case low != nil && p.MaxNodes == nil:
			return refuse(t, "no max_nodes", "The node pool %q has min_nodes and no max_nodes.", name).Fix("Write max_nodes too, or nodes alone.")
		case low != nil && *low > *p.MaxNodes:
			return refuse(t, "min_nodes above max_nodes", "The node pool %q is to have at least %d nodes and at most %d.", name, *low, *p.MaxNodes).Fix("Exchange them.")
		case p.MaxSurge != nil && *p.MaxSurge == 0 && (p.MaxUnavailable == nil || *p.MaxUnavailable == 0):
			return refuse(t, "no way to upgrade", "The node pool %q may neither add a node for an upgrade nor miss one.", name).Fix("Write max_surge = 1.")
		}
	}
	return nil
}

// regional reports whether the cluster is one of a region.
func (s settings) regional() bool { return strings.Count(s.Location, "-") == 1 }

// region is that of the cluster.
func (s settings) region() string {
	if s.regional() {
		return s.Location
	}
	return s.Location[:strings.LastIndex(s.Location, "-")]
}

func (s settings) parent() string { return "projects/" + s.Project + "/locations/" + s.Location }

func (s settings) clusterPath() string { return s.parent() + "/clusters/" + s.Name }

// inCluster is the target as the Kubernetes provider knows targets.
func (s settings) inCluster(t resource.Target) resource.Target {
	text := func(v string) cty.Value {
		if v == "" {
			return cty.NullVal(cty.String)
		}
		return cty.StringVal(v)
	}
	values := schemas.Describe[schemas.KubernetesTarget]().Type().AttributeTypes()
	out := make(map[string]cty.Value, len(values))
	for name, typ := range values {
		out[name] = cty.NullVal(typ)
	}
	out["namespace"], out["create_namespace"], out["prefix"] = text(s.Namespace), cty.BoolVal(s.CreateNamespace), text(s.Prefix)
	out["registry"], out["image"], out["arch"] = text(s.Registry), text(s.Image), text(cmp.Or(s.Arch, "amd64"))
	out["force"] = cty.BoolVal(s.Force)
	return resource.Target{Address: t.Address, Config: cty.ObjectVal(out)}
}

// refuse is an error about a target block.
func refuse(t resource.Target, summary, detail string, args ...any) *diag.Diagnostic {
	d := diag.Errorf(summary, detail, args...)
	d.Address = t.Address.String()
	return d
}

func autopilot(c *schemas.GKECluster) bool { return c.Mode == "autopilot" }
