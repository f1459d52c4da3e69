package docker

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/artifact"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// instance is a server on target.docker.local, from the JSON of its document
// and the attributes of the target block that are not null.
func instance(t *testing.T, document string, target map[string]cty.Value) resource.Instance {
	t.Helper()
	doc, err := schemas.Value([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if target["arch"] == cty.NilVal {
		target["arch"] = cty.StringVal(runtime.GOARCH)
	}
	config := map[string]cty.Value{}
	for _, a := range schemas.Describe[schemas.DockerTarget]().Attributes {
		config[a.Name] = cty.NullVal(a.Type)
		if v, ok := target[a.Name]; ok {
			config[a.Name] = v
		}
	}
	return resource.Instance{
		Address:  address.Server{Name: "weather", Key: address.StringKey("eu")},
		Target:   resource.Target{Address: address.Target{Kind: "docker", Name: "local"}, Config: cty.ObjectVal(config)},
		Document: doc,
	}
}

// pretend makes the test's own executable the runtime: any for Linux will do.
func pretend(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(artifact.Environment, self)
}

func lowered(t *testing.T, in resource.Instance) map[string]resource.Desired {
	t.Helper()
	pretend(t)
	l, diags := New().Lower(in)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	out := map[string]resource.Desired{}
	for _, r := range l.Resources {
		out[r.Address.Part] = r
		for _, typ := range New().Types() {
			if typ.Name == r.Type && !r.Values.Type().Equals(typ.Object()) {
				t.Errorf("%s has the type %#v, want %#v", r.Address, r.Values.Type(), typ.Object())
			}
		}
	}
	if l.Endpoint != out["container"].Address {
		t.Errorf("endpoint = %s", l.Endpoint)
	}
	return out
}

func TestLower(t *testing.T) {
	r := lowered(t, instance(t, `{"name":"weather","limits":{"memory":"64MB","cpu":0.5}}`, map[string]cty.Value{}))
	if len(r) != 4 {
		t.Fatalf("%d resources", len(r))
	}
	c := r["container"]
	var deps []string
	for _, d := range c.DependsOn {
		deps = append(deps, d.String())
	}
	if got, want := strings.Join(deps, ", "), `target.docker.local/image, server.weather["eu"]@docker.local/volume, target.docker.local/network`; got != want {
		t.Errorf("the container depends on %s, want %s", got, want)
	}
	for _, w := range []struct {
		part, attribute string
		want            cty.Value
	}{
		{"network", "name", cty.StringVal("erlmcp-local")},
		{"volume", "name", cty.StringVal("erlmcp-local-weather.eu")},
		{"image", "digest", c.Values.GetAttr("image")},
		{"image", "platform", cty.StringVal("linux/" + runtime.GOARCH)},
		{"container", "name", cty.StringVal("erlmcp-local-weather.eu")},
		{"container", "memory", cty.NumberIntVal(64 << 20)},
		{"container", "cpu", cty.MustParseNumberVal("0.5")},
		{"container", "processes", cty.NumberIntVal(256)},
		{"container", "url", cty.StringVal("http://127.0.0.1:8080/mcp")},
		{"container", "metrics_url", cty.StringVal("http://127.0.0.1:9090/metrics")},
		{"container", "id", cty.NullVal(cty.String)},
	} {
		if got := r[w.part].Values.GetAttr(w.attribute); !got.RawEquals(w.want) {
			t.Errorf("%s.%s = %#v, want %#v", w.part, w.attribute, got, w.want)
		}
	}
}

func TestLowerPorts(t *testing.T) {
	for _, c := range []struct {
		name, document string
		ports          map[string]string
		listen         int64 // port in the shipped document, 0 for none
		url            cty.Value
	}{
		{"the defaults", `{"name":"x"}`,
			map[string]string{"8080/tcp": "127.0.0.1:8080", "9090/tcp": "127.0.0.1:9090"}, 0, cty.StringVal("http://127.0.0.1:8080/mcp")},
		{"all ports", `{"name":"x","listen":{"address":"0.0.0.0","port":80,"tcp_port":5005},"metrics":{"address":"::1","port":91}}`,
			map[string]string{"80/tcp": "0.0.0.0:80", "5005/tcp": "0.0.0.0:5005", "91/tcp": "[::1]:91"}, 80, cty.StringVal("http://127.0.0.1:80/mcp")},
		{"ports for the engine to pick", `{"name":"x","listen":{"port":0,"tcp_port":8080},"metrics":{"port":0}}`,
			map[string]string{"8081/tcp": "127.0.0.1:0", "8080/tcp": "127.0.0.1:8080", "9090/tcp": "127.0.0.1:0"}, 8081, cty.NullVal(cty.String)},
		{"further addresses of the metrics", `{"name":"x","metrics":{"addresses":["127.0.0.1:9464","[::1]:9465"]}}`,
			map[string]string{"8080/tcp": "127.0.0.1:8080", "9090/tcp": "127.0.0.1:9090", "9464/tcp": "127.0.0.1:9464", "9465/tcp": "[::1]:9465"}, 0, cty.StringVal("http://127.0.0.1:8080/mcp")},
		{"no metrics", `{"name":"x","metrics":{"enabled":false}}`,
			map[string]string{"8080/tcp": "127.0.0.1:8080"}, 0, cty.StringVal("http://127.0.0.1:8080/mcp")},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := lowered(t, instance(t, c.document, map[string]cty.Value{}))["container"].Values
			if got := v.GetAttr("ports"); !got.RawEquals(textMap(c.ports)) {
				t.Errorf("ports = %#v", got)
			}
			port := v.GetAttr("document").GetAttr("listen").GetAttr("port")
			if c.listen == 0 && !port.IsNull() || c.listen != 0 && !port.RawEquals(cty.NumberIntVal(c.listen)) {
				t.Errorf("shipped listen.port = %#v", port)
			}
			if got := v.GetAttr("url"); !got.RawEquals(c.url) {
				t.Errorf("url = %#v", got)
			}
		})
	}
}

func TestLowerKeepsWhatIsNotKnownAndWhatIsSecret(t *testing.T) {
	in := instance(t, `{"name":"x"}`, map[string]cty.Value{})
	in.Document = document.With(in.Document, "listen", "port", cty.UnknownVal(cty.Number))
	in.Document = document.With(in.Document, "limits", "memory", cty.StringVal("64MB").Mark(schemas.Sensitive))
	v := lowered(t, in)["container"].Values
	for _, name := range []string{"ports", "url", "port"} {
		if got := v.GetAttr(name); got.IsKnown() {
			t.Errorf("%s = %#v, want unknown", name, got)
		}
	}
	if got := v.GetAttr("memory"); !got.RawEquals(cty.NumberIntVal(64 << 20).Mark(schemas.Sensitive)) {
		t.Errorf("memory = %#v", got)
	}
}

func TestLowerWithAnExistingNetwork(t *testing.T) {
	r := lowered(t, instance(t, `{"name":"x"}`, map[string]cty.Value{"network": cty.StringVal("office"), "prefix": cty.StringVal("acme")}))
	if _, ok := r["network"]; ok {
		t.Error("a network is made")
	}
	if got := r["container"].Values.GetAttr("network"); !got.RawEquals(cty.StringVal("office")) {
		t.Errorf("network = %#v", got)
	}
	if got := r["container"].Values.GetAttr("name"); !got.RawEquals(cty.StringVal("acme-local-weather.eu")) {
		t.Errorf("name = %#v", got)
	}
}

func TestLowerRefuses(t *testing.T) {
	for _, c := range []struct {
		name, document string
		target         map[string]cty.Value
		want           string
	}{
		{"a host name to listen on", `{"name":"x","listen":{"address":"localhost"}}`, map[string]cty.Value{}, `The address "localhost" of listen`},
		{"one port of the metrics twice", `{"name":"x","metrics":{"addresses":["127.0.0.1:9464","127.0.0.2:9464"]}}`, map[string]cty.Value{}, `Two of metrics.addresses have the port 9464`},
		{"a prefix that images cannot have", `{"name":"x"}`, map[string]cty.Value{"prefix": cty.StringVal("My App")}, `The prefix "My App"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			pretend(t)
			_, diags := New().Lower(instance(t, c.document, c.target))
			if !diags.HasErrors() || !strings.Contains(diags.Err().Error(), c.want) {
				t.Errorf("diagnostics = %v, want %q", diags.Err(), c.want)
			}
		})
	}
}

func TestDataHasVolumesOfItsOwn(t *testing.T) {
	const own = "volume erlmcp-local-weather.eu"
	with := func(folders map[string]string) map[string]string {
		out := map[string]string{configFolder: own, runFolder: "tmpfs " + runOptions}
		maps.Copy(out, folders)
		return out
	}
	for _, c := range []struct {
		name, document string
		mounts         map[string]string
	}{
		{"none", `{"name":"x"}`, with(nil)},
		{"receipts", `{"name":"x","receipts":{"folder":"/var/lib/receipts/","key_file":"/var/lib/receipts/a.key"}}`,
			with(map[string]string{"/var/lib/receipts": own + "..receipts"})},
		{"certificates", `{"name":"x","tls":{"acme":{"domains":["a.example.com"],"storage":"/var/acme"}}}`,
			with(map[string]string{"/var/acme": own + "..certificates"})},
		{"both", `{"name":"x","receipts":{"folder":"/r"},"tls":{"acme":{"domains":["a.example.com"],"storage":"/a"}}}`,
			with(map[string]string{"/r": own + "..receipts", "/a": own + "..certificates"})},
		{"one inside the other", `{"name":"x","receipts":{"folder":"/data/r"},"tls":{"acme":{"domains":["a.example.com"],"storage":"/data"}}}`,
			with(map[string]string{"/data": own + "..certificates"})},
		{"both in one", `{"name":"x","receipts":{"folder":"/data"},"tls":{"acme":{"domains":["a.example.com"],"storage":"/data"}}}`,
			with(map[string]string{"/data": own + "..receipts"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := lowered(t, instance(t, c.document, map[string]cty.Value{}))
			if got := r["container"].Values.GetAttr("mounts"); !got.RawEquals(textMap(c.mounts)) {
				t.Errorf("mounts = %#v", got)
			}
			volumes := 0
			for _, d := range r {
				if d.Type != VolumeType {
					continue
				}
				volumes++
				if !slices.Contains(r["container"].DependsOn, d.Address) {
					t.Errorf("the container does not depend on %s", d.Address)
				}
			}
			if want := len(c.mounts) - 1; volumes != want {
				t.Errorf("%d volumes, want %d", volumes, want)
			}
		})
	}
}

func TestThePortOfAChallengeIsPublished(t *testing.T) {
	v := lowered(t, instance(t, `{"name":"x","listen":{"address":"0.0.0.0"},"metrics":{"enabled":false},
		"tls":{"acme":{"domains":["a.example.com"],"storage":"/a","challenge":"http-01"}}}`, map[string]cty.Value{}))["container"].Values
	want := textMap(map[string]string{"8080/tcp": "0.0.0.0:8080", "80/tcp": "0.0.0.0:80"})
	if got := v.GetAttr("ports"); !got.RawEquals(want) {
		t.Errorf("ports = %#v", got)
	}
}

func TestWhatAContainerCannotKeepIsRefused(t *testing.T) {
	pretend(t)
	unknown := instance(t, `{"name":"x","receipts":{"folder":"/r"}}`, map[string]cty.Value{})
	unknown.Document = document.With(unknown.Document, "receipts", "folder", cty.UnknownVal(cty.String))
	for _, c := range []struct {
		name   string
		in     resource.Instance
		detail string
	}{
		{"a key outside of every volume", instance(t, `{"name":"x","receipts":{"folder":"/r","key_file":"/keys/a"}}`, map[string]cty.Value{}), `receipts.key_file is "/keys/a"`},
		{"the place of the document", instance(t, `{"name":"x","receipts":{"folder":"/etc/erlmcp/receipts"}}`, map[string]cty.Value{}), "receipts.folder"},
		{"everything", instance(t, `{"name":"x","receipts":{"folder":"/"}}`, map[string]cty.Value{}), "receipts.folder"},
		{"what holds the control socket", instance(t, `{"name":"x","tls":{"acme":{"domains":["a.example.com"],"storage":"/run"}}}`, map[string]cty.Value{}), "tls.acme.storage"},
		{"a folder that is not known", unknown, "only known after apply"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := New().Lower(c.in)
			if len(diags) != 1 || !strings.Contains(diags[0].Detail, c.detail) || diags[0].Remedy == "" {
				t.Errorf("got %v, want %q", diags.Err(), c.detail)
			}
		})
	}
}
