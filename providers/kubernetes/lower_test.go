package kubernetes

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const pinned = "registry.example.com/erlmcp@sha256:0000000000000000000000000000000000000000000000000000000000000000"

// body is a block's value, of the attributes that are given.
func body[T any](t *testing.T, given map[string]cty.Value) cty.Value {
	t.Helper()
	b := schemas.Describe[T]()
	values := map[string]cty.Value{}
	for _, a := range b.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
	}
	for _, n := range b.Blocks {
		values[n.Name] = n.Absent()
	}
	for name, v := range given {
		if _, ok := values[name]; !ok {
			t.Fatalf("there is no %s", name)
		}
		values[name] = v
	}
	return cty.ObjectVal(values)
}

func number(n int64) cty.Value { return cty.NumberIntVal(n) }

// instance is a server on target.kubernetes.c, from the JSON of its document.
func instance(t *testing.T, document string, target, placement map[string]cty.Value) resource.Instance {
	t.Helper()
	doc, err := schemas.Value([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]cty.Value{"image": cty.StringVal(pinned)}
	for name, v := range target {
		config[name] = v
	}
	return resource.Instance{
		Address:   address.Server{Name: "weather"},
		Target:    resource.Target{Address: address.Target{Kind: "kubernetes", Name: "c"}, Config: body[schemas.KubernetesTarget](t, config)},
		Document:  doc,
		Placement: body[schemas.Placement](t, placement),
	}
}

// manifests are the objects that an instance comes to, as YAML would have them.
func manifests(t *testing.T, in resource.Instance) string {
	t.Helper()
	l, diags := New().Lower(in)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	var b strings.Builder
	for _, r := range l.Resources {
		if typ := typeOf(r.Type); !r.Values.Type().AttributeType("manifest").Equals(cty.NilType) && typ.Attribute("name") == nil {
			t.Errorf("%s has no name", r.Address)
		}
		raw, err := json.MarshalIndent(jsonOf(r.Values.GetAttr("manifest")), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString("# " + r.Address.String() + "\n" + string(raw) + "\n")
	}
	return b.String()
}

func TestLower(t *testing.T) {
	for _, c := range []struct {
		name      string
		document  string
		target    map[string]cty.Value
		placement map[string]cty.Value
	}{
		{"plain", `{"name":"weather"}`, nil, nil},
		{
			"all", `{"name":"weather","listen":{"port":443,"tcp_port":5005,"path":"/x"},"tls":{"certificate_file":"/a","key_file":"/b","client_ca_file":"/c"},"metrics":{"port":0},"limits":{"memory":"512MB","cpu":2}}`,
			map[string]cty.Value{"namespace": cty.StringVal("tools"), "create_namespace": cty.True, "prefix": cty.StringVal("acme")},
			map[string]cty.Value{
				"scale": body[schemas.Scale](t, map[string]cty.Value{"min": number(3), "max": number(10), "cpu": number(70), "memory": number(80)}),
				"kubernetes": body[schemas.Kubernetes](t, map[string]cty.Value{
					"service_type":        cty.StringVal("LoadBalancer"),
					"service_annotations": cty.MapVal(map[string]cty.Value{"example.com/a": cty.StringVal("b")}),
					"node_selector":       cty.MapVal(map[string]cty.Value{"disk": cty.StringVal("ssd")}),
					"priority_class":      cty.StringVal("high"),
					"image_pull_secrets":  cty.ListVal([]cty.Value{cty.StringVal("pull")}),
					"toleration": cty.ListVal([]cty.Value{body[schemas.Toleration](t, map[string]cty.Value{
						"key": cty.StringVal("gpu"), "operator": cty.StringVal("Exists"), "seconds": number(60),
					})}),
					"patch": cty.ListVal([]cty.Value{body[schemas.Patch](t, map[string]cty.Value{
						"kind": cty.StringVal("Deployment"), "merge": cty.StringVal(`{"spec":{"minReadySeconds":5,"revisionHistoryLimit":null}}`),
					})}),
				}),
			},
		},
		{
			"gateway", `{"name":"weather","metrics":{"port":9090}}`, nil, map[string]cty.Value{
				"scale": body[schemas.Scale](t, map[string]cty.Value{"max": number(4), "metric": cty.MapVal(map[string]cty.Value{
					"erlmcp_queue_depth": body[schemas.ScaleMetric](t, map[string]cty.Value{"average": cty.StringVal("10")}),
					"jobs": body[schemas.ScaleMetric](t, map[string]cty.Value{
						"average": cty.StringVal("5"), "source": cty.StringVal("external"),
						"labels": cty.MapVal(map[string]cty.Value{"queue": cty.StringVal("a")}),
					}),
				})}),
				"kubernetes": body[schemas.Kubernetes](t, map[string]cty.Value{
					"gateway": body[schemas.Gateway](t, map[string]cty.Value{
						"name": cty.StringVal("front"), "namespace": cty.StringVal("edge"), "listener": cty.StringVal("tls"),
						"hostnames": cty.ListVal([]cty.Value{cty.StringVal("weather.example.com")}),
					}),
					"pod_monitor": body[schemas.PodMonitor](t, map[string]cty.Value{
						"interval": cty.StringVal("30s"), "labels": cty.MapVal(map[string]cty.Value{"team": cty.StringVal("infra")}),
					}),
				}),
			},
		},
		{
			"data", `{"name":"weather","receipts":{"folder":"/var/lib/receipts"}}`, nil, map[string]cty.Value{
				"scale": body[schemas.Scale](t, map[string]cty.Value{"replicas": number(2)}),
				"kubernetes": body[schemas.Kubernetes](t, map[string]cty.Value{
					"ingress": body[schemas.Ingress](t, map[string]cty.Value{
						"host": cty.StringVal("weather.example.com"), "class": cty.StringVal("nginx"), "tls_secret": cty.StringVal("cert"),
						"annotations": cty.MapVal(map[string]cty.Value{"example.com/a": cty.StringVal("b")}),
					}),
					"storage": body[schemas.Storage](t, map[string]cty.Value{"size": cty.StringVal("5Gi"), "class": cty.StringVal("fast"), "keep": cty.True}),
				}),
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := manifests(t, instance(t, c.document, c.target, c.placement))
			file := filepath.Join("testdata", c.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s has changed; -update rewrites it:\n%s", file, got)
			}
		})
	}
}

func TestWhatCannotBePlacedIsRefused(t *testing.T) {
	scale := func(given map[string]cty.Value) map[string]cty.Value {
		return map[string]cty.Value{"scale": body[schemas.Scale](t, given)}
	}
	for _, c := range []struct {
		name, want        string
		target, placement map[string]cty.Value
	}{
		{"no image", "no image", map[string]cty.Value{"image": cty.NullVal(cty.String)}, nil},
		{"a namespace that is no name", "bad namespace", map[string]cty.Value{"namespace": cty.StringVal("No_Name")}, nil},
		{"an endpoint without TLS", "bad endpoint", map[string]cty.Value{"endpoint": cty.StringVal("http://x")}, nil},
		{"a token without endpoint", "no endpoint", map[string]cty.Value{"token": cty.StringVal("t").Mark(schemas.Sensitive)}, nil},
		{"a min without max", "gives it no max", nil, scale(map[string]cty.Value{"min": number(2)})},
		{"a min above the max", "min above its max", nil, scale(map[string]cty.Value{"min": number(3), "max": number(2)})},
		{"a number that is not known", "only known after apply", nil, scale(map[string]cty.Value{"replicas": cty.UnknownVal(cty.Number)})},
		{"a secret label", "sensitive", nil, scale(map[string]cty.Value{"replicas": number(1).Mark(schemas.Sensitive)})},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diags := New().Lower(instance(t, `{"name":"weather"}`, c.target, c.placement))
			if !diags.HasErrors() || !strings.Contains(diags.Err().Error(), c.want) {
				t.Errorf("diagnostics: %v", diags.Err())
			}
		})
	}
}

func TestADocumentThatNoSecretHoldsIsRefused(t *testing.T) {
	for size, want := range map[int]string{documentLimit - 64<<10: "", documentLimit: "the document is too large"} {
		in := instance(t, `{"name":"weather","resource":{"long":{"text":"`+strings.Repeat("x", size)+`"}}}`, nil, nil)
		_, diags := New().Lower(in)
		if err := diags.Err(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("with a text of %d bytes: %v", size, err)
		}
	}
}

func TestRolloutsThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		rollout  resource.Rollout
		want     string
	}{
		"nothing may change":     {`{"name":"weather"}`, resource.Rollout{MaxSurge: "0"}, "nothing could ever be replaced"},
		"not a number":           {`{"name":"weather"}`, resource.Rollout{MaxUnavailable: "some"}, "neither a number nor a percentage"},
		"bounds of a recreation": {`{"name":"weather"}`, resource.Rollout{Strategy: resource.Recreate, MaxSurge: "1"}, "all copies end first"},
		"a canary with data":     {`{"name":"weather","receipts":{"folder":"/r"}}`, resource.Rollout{Strategy: resource.Canary}, "keeps data"},
	} {
		t.Run(name, func(t *testing.T) {
			in := instance(t, c.document, nil, nil)
			in.Rollout = c.rollout
			if _, diags := New().Lower(in); !diags.HasErrors() || !strings.Contains(diags.Err().Error(), c.want) {
				t.Errorf("diagnostics: %v", diags.Err())
			}
		})
	}
}

func TestCopiesBeside(t *testing.T) {
	shift := func(percent int) resource.Stage { return resource.Stage{Kind: resource.Shift, Percent: percent} }
	for name, c := range map[string]struct {
		stage    resource.Stage
		strategy resource.Strategy
		own      int64
		weighted bool
		want     int64
	}{
		"tried":                       {resource.Stage{Kind: resource.Trial}, "", 10, false, 1},
		"nothing runs":                {resource.Stage{Kind: resource.Trial}, "", 0, false, 0},
		"all are tried":               {resource.Stage{Kind: resource.Trial}, resource.BlueGreen, 3, false, 3},
		"at least one":                {shift(5), resource.Canary, 2, false, 1},
		"by their number":             {shift(25), resource.Canary, 9, false, 3},
		"as many":                     {shift(50), resource.Canary, 4, false, 4},
		"by weight, enough for these": {shift(50), resource.Canary, 4, true, 2},
		"switched":                    {shift(100), resource.BlueGreen, 3, false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			change := resource.Change{Stage: c.stage, Rollout: resource.Rollout{Strategy: c.strategy}}
			if got := copiesBeside(change, c.own, c.weighted); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestCountAnswers(t *testing.T) {
	got, err := countAnswers(strings.NewReader(`# HELP erlmcp_requests_total Requests answered.
erlmcp_requests_total{method="tools/call",tool="a"} 12
erlmcp_requests_total{method="ping",tool=""} 3
erlmcp_errors_total{method="tools/call",tool="a"} 2
erlmcp_latency_seconds_bucket{method="ping",tool="",le="1"} 3
erlmcp_sessions 4
`))
	if want := (resource.Answers{Requests: 15, Errors: 2}); err != nil || got != want {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
}

func TestPatchesThatReachTooFarAreRefused(t *testing.T) {
	for _, merge := range []string{`{"kind":"Pod"}`, `[]`, `{"status":{}}`} {
		in := instance(t, `{"name":"weather"}`, nil, map[string]cty.Value{"kubernetes": body[schemas.Kubernetes](t, map[string]cty.Value{
			"patch": cty.ListVal([]cty.Value{body[schemas.Patch](t, map[string]cty.Value{"kind": cty.StringVal("Service"), "merge": cty.StringVal(merge)})}),
		})})
		if _, diags := New().Lower(in); !diags.HasErrors() {
			t.Errorf("%s is taken", merge)
		}
	}
}

func TestAnUnknownSettingMakesManifestsUnknown(t *testing.T) {
	in := instance(t, `{"name":"weather"}`, nil, nil)
	doc := in.Document.AsValueMap()
	listen := doc["listen"].AsValueMap()
	listen["port"] = cty.UnknownVal(cty.Number)
	doc["listen"] = cty.ObjectVal(listen)
	in.Document = cty.ObjectVal(doc)
	l, diags := New().Lower(in)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	for _, r := range l.Resources {
		known := r.Values.GetAttr("manifest").IsKnown()
		if want := r.Address.Part == "account" || r.Address.Part == "disruption"; known != want {
			t.Errorf("the manifest of %s is known: %v", r.Address, known)
		}
	}
}

func TestObjectName(t *testing.T) {
	seen := map[string]string{}
	for slug, want := range map[string]string{
		"weather": "weather", "weather-eu": "weather-eu", "Weather": "weather-", "weather_eu": "weather-eu-", "weather.eu": "weather-eu-",
		"9lives": "mcp-9lives-", strings.Repeat("x", 80): "xxxxxxxxxxxx",
	} {
		got := objectName("", slug)
		if !strings.HasPrefix(got, want) || len(got) > nameLength || !nameForm().MatchString(got) {
			t.Errorf("objectName(%q) = %q", slug, got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q are both %q", slug, other, got)
		}
		seen[got] = slug
	}
	if got := objectName("acme", "weather"); got != "acme-weather" {
		t.Errorf("with a prefix: %q", got)
	}
}
