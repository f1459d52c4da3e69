package gke

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/gke/cloud"
	"github.com/erlmcp/erlmcp/providers/kubernetes"
)

// lowered are the resources of the one server of a configuration, by part.
func lowered(t *testing.T, text string) map[string]resource.Desired {
	t.Helper()
	l, diags := New(kubernetes.New()).Lower(mustLoad(t, text))
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	out := map[string]resource.Desired{}
	for _, r := range l.Resources {
		out[r.Address.Part] = r
	}
	return out
}

func needs(d resource.Desired) []string {
	var out []string
	for _, a := range d.DependsOn {
		out = append(out, a.Part)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestAServerWithAReservedAddress(t *testing.T) {
	parts := lowered(t, simple(cloud.Endpoints{}, ""))
	if got, want := needs(parts["deployment"]), []string{"account", "cluster", "network", "pool-main"}; !slices.Equal(got, want) {
		t.Errorf("the pods need %v, want %v", got, want)
	}
	if got := needs(parts["service"]); !slices.Contains(got, "address") || !slices.Contains(got, "cluster") {
		t.Errorf("the Service needs %v", got)
	}
	service := parts["service"].Values.GetAttr("manifest")
	if got := service.GetAttr("spec").GetAttr("type"); got.AsString() != "LoadBalancer" {
		t.Errorf("the Service is a %#v", got)
	}
	annotations := service.GetAttr("metadata").GetAttr("annotations").AsValueMap()
	if v := annotations[annotationAddresses]; v == cty.NilVal || v.AsString() != "erlmcp-tools-contract" {
		t.Errorf("the Service's annotations are %v", annotations)
	}
	if v := parts["address"].Values; v.GetAttr("region").AsString() != "europe-west1" || v.GetAttr("name").AsString() != "erlmcp-tools-contract" {
		t.Errorf("the address is %#v", v)
	}
}

func TestAClusterThatExistsIsNotMade(t *testing.T) {
	parts := lowered(t, `
target "gke" "prod" {
  project  = "acme-prod"
  location = "europe-west1-b"
  name     = "tools"
  image    = "example.com/erlmcp:1"
}
server "contract" {
  target = target.gke.prod
  gke { domain = "mcp.example.com" }
  resource "hello" { text = "hi" }
}
`)
	for _, part := range []string{"cluster", "pool-main"} {
		if _, ok := parts[part]; ok {
			t.Errorf("there is a %s", part)
		}
	}
	if v := parts["address"].Values.GetAttr("region").AsString(); v != global {
		t.Errorf("the address is of %q", v)
	}
	ingress := parts["ingress"]
	if got := needs(ingress); !slices.Equal(got, []string{"address", "backend", "certificate", "frontend", "service", "ssl-policy"}) {
		t.Errorf("the Ingress needs %v", got)
	}
	if v := ingress.Values.GetAttr("url"); v.AsString() != "https://mcp.example.com/mcp" {
		t.Errorf("the URL is %#v", v)
	}
	annotations := ingress.Values.GetAttr("manifest").GetAttr("metadata").GetAttr("annotations").AsValueMap()
	for name, want := range map[string]string{annotationAddress: "erlmcp-tools-contract", annotationCertificate: "erlmcp-tools-contract", annotationFrontend: "contract", annotationClass: "gce"} {
		if v := annotations[name]; v == cty.NilVal || v.AsString() != want {
			t.Errorf("the annotation %s is %#v", name, v)
		}
	}
	if v := parts["frontend"].Values.GetAttr("manifest").GetAttr("spec").GetAttr("sslPolicy"); v.AsString() != "erlmcp-tools-contract" {
		t.Errorf("the TLS policy of the load balancer is %#v", v)
	}
	if v := parts["ssl-policy"].Values; v.GetAttr("profile").AsString() != "MODERN" || v.GetAttr("min_tls").AsString() != "1.2" {
		t.Errorf("the TLS policy is %#v", v)
	}
}

func TestTargetsThatCannotBe(t *testing.T) {
	target := func(body string) string {
		return `target "gke" "prod" {` + body + ` image = "example.com/erlmcp:1"` + "\n}\n" + `server "contract" {
  target = target.gke.prod
  resource "hello" { text = "hi" }
}`
	}
	place := "\n project = \"acme-prod\"\n location = \"europe-west1\"\n name = \"tools\"\n"
	for _, tt := range []struct{ name, body, want string }{
		{"a project's number", "\n project = \"12345\"\n location = \"europe-west1\"\n name = \"tools\"\n", "bad project"},
		{"a location", "\n project = \"acme-prod\"\n location = \"Europe\"\n name = \"tools\"\n", "bad location"},
		{"a name", "\n project = \"acme-prod\"\n location = \"europe-west1\"\n name = \"Tools\"\n", "bad name"},
		{"an endpoint with a path", place + "container_endpoint = \"http://127.0.0.1:1/v1\"\n", "bad container_endpoint"},
		{"gRPC for Compute Engine", place + "compute_endpoint = \"grpc://127.0.0.1:1\"\n", "bad compute_endpoint"},
		{"an API server without TLS", place + "endpoint = \"http://127.0.0.1:1\"\n", "bad endpoint"},
		{"rules without a cluster", place + "firewall \"x\" {\n sources = [\"10.0.0.0/8\"]\n allow = [\"tcp\"]\n}\n", "no cluster block"},
		{"no pool", place + "cluster {}\n", "no node pool"},
		{"pools on Autopilot", place + "cluster {\n mode = \"autopilot\"\n node_pool \"x\" {}\n}\n", "node pools on Autopilot"},
		{"Autopilot without a channel", place + "cluster {\n mode = \"autopilot\"\n release_channel = \"none\"\n}\n", "no release channel"},
		{"a range for public nodes", place + "cluster {\n mode = \"autopilot\"\n control_plane_cidr = \"172.16.0.0/28\"\n}\n", "control_plane_cidr without private nodes"},
		{"half a window", place + "cluster {\n mode = \"autopilot\"\n maintenance {\n recurrence = \"FREQ=DAILY\"\n }\n}\n", "half a maintenance window"},
		{"fewest without most", place + "cluster {\n node_pool \"x\" {\n min_nodes = 1\n }\n}\n", "no max_nodes"},
		{"fewest above most", place + "cluster {\n node_pool \"x\" {\n min_nodes = 3\n max_nodes = 2\n }\n}\n", "min_nodes above max_nodes"},
		{"no way to upgrade", place + "cluster {\n node_pool \"x\" {\n max_surge = 0\n }\n}\n", "no way to upgrade"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := New(kubernetes.New()).Lower(mustLoad(t, target(tt.body)))
			if len(diags) != 1 || diags[0].Summary != tt.want || diags[0].Remedy == "" {
				t.Errorf("it says %v, want %q", diags.Err(), tt.want)
			}
		})
	}
}

func TestNamesAreWhatGoogleTakes(t *testing.T) {
	seen := map[string]string{}
	for _, of := range []string{"weather", "Weather", "weather.eu", "weather.EU", strings.Repeat("x", 63), strings.Repeat("x", 62) + "y", "a_b", "a-b"} {
		name := objectName("tools", of)
		if len(name) > 63 || !nameForm().MatchString(name[:min(len(name), 40)]) && len(name) <= 40 {
			t.Errorf("%q is not a name", name)
		}
		if other, taken := seen[name]; taken {
			t.Errorf("%q and %q have the name %q", of, other, name)
		}
		seen[name] = of
		label := labelOf("server." + of + "@gke.prod/address")
		if len(label) > 63 || notInLabels.MatchString(label) {
			t.Errorf("%q is not the value of a label", label)
		}
	}
}

// TestManyServersAreReadWithFewRequests counts the requests of a plan for 500 servers.
func TestManyServersAreReadWithFewRequests(t *testing.T) {
	google, at := newCloud(t, 0)
	s := newSite(t, simple(at, ""))
	s.must(s.apply())
	var keys []resource.Key
	for n := range 500 {
		keys = append(keys, resource.Key{
			Address: address.Resource{Server: address.Server{Name: fmt.Sprintf("s%d", n)}, Target: s.target().Address, Part: "address"}, Type: AddressType,
		})
	}
	var asked []string
	google.Fail(func(c cloud.Call) cloud.Fault {
		asked = append(asked, c.Method)
		return cloud.Fault{}
	})
	r, err := s.provider.OpenReader(t.Context(), s.target(), resource.Owner{Lineage: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, reading := range r.Read(t.Context(), keys) {
		if reading.Err != nil || reading.Exists {
			t.Fatalf("read %+v", reading)
		}
	}
	if want := []string{"GetCluster", "GlobalAddresses.List", "Addresses.List"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}
