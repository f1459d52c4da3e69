package document

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

func parse(t *testing.T, text string) cty.Value {
	t.Helper()
	v, err := schemas.Value([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// with returns the document with the attribute at the path replaced.
func with(t *testing.T, doc cty.Value, v cty.Value, at cty.Path) cty.Value {
	t.Helper()
	out, err := cty.Transform(doc, func(p cty.Path, old cty.Value) (cty.Value, error) {
		if p.Equals(at) {
			return v, nil
		}
		return old, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSetting(t *testing.T) {
	port := cty.GetAttrPath("listen").GetAttr("port")
	doc := parse(t, `{"name":"x","limits":{"memory":"64MB"}}`)
	for _, c := range []struct {
		name string
		doc  cty.Value
		path []string
		want cty.Value
	}{
		{"one that is set", doc, []string{"limits", "memory"}, cty.StringVal("64MB")},
		{"a default", doc, []string{"listen", "port"}, cty.NumberIntVal(8080)},
		{"a default that is true", doc, []string{"metrics", "enabled"}, cty.True},
		{"one without default", doc, []string{"listen", "tcp_port"}, cty.NullVal(cty.Number)},
		{"one that is not known", with(t, doc, cty.UnknownVal(cty.Number), port), []string{"listen", "port"}, cty.UnknownVal(cty.Number)},
		{"a secret", with(t, doc, cty.NumberIntVal(1).Mark(schemas.Sensitive), port), []string{"listen", "port"}, cty.NumberIntVal(1).Mark(schemas.Sensitive)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Setting(c.doc, c.path...); !got.RawEquals(c.want) {
				t.Errorf("got %#v, want %#v", got, c.want)
			}
		})
	}
}

func TestEndpointOf(t *testing.T) {
	str, number := cty.StringVal, cty.NumberIntVal
	null := cty.NullVal(cty.String)
	plain := parse(t, `{"name":"x"}`)
	for _, c := range []struct {
		name             string
		doc              cty.Value
		port, metrics    cty.Value
		url, address, on cty.Value
	}{
		{"defaults", plain, number(8080), number(9090),
			str("http://127.0.0.1:8080/mcp"), str("127.0.0.1"), str("http://127.0.0.1:9090/metrics")},
		{"TLS, IPv6, a path, no metrics", parse(t, `{"name":"x","listen":{"address":"::1","path":"/x"},"tls":{},"metrics":{"enabled":false}}`),
			number(1), number(2), str("https://[::1]:1/x"), str("::1"), null},
		{"every address", parse(t, `{"name":"x","listen":{"address":"0.0.0.0"}}`), number(1), number(2),
			str("http://10.0.0.5:1/mcp"), str("10.0.0.5"), str("http://127.0.0.1:2/metrics")},
		{"ports that the target picks", plain, cty.NullVal(cty.Number), cty.NullVal(cty.Number), null, str("127.0.0.1"), null},
		{"a port that is not known", plain, cty.UnknownVal(cty.Number), number(2),
			cty.UnknownVal(cty.String), str("127.0.0.1"), str("http://127.0.0.1:2/metrics")},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := EndpointOf(c.doc, c.port, c.metrics, "10.0.0.5")
			if !e.URL.RawEquals(c.url) || !e.Address.RawEquals(c.address) || !e.MetricsURL.RawEquals(c.on) || !e.Port.RawEquals(c.port) {
				t.Errorf("endpoint = %#v", e)
			}
		})
	}
}

func TestImpactAt(t *testing.T) {
	label := cty.IndexStep{Key: cty.StringVal("t")}
	for _, c := range []struct {
		name string
		path cty.Path
		want resource.Impact
	}{
		{"the whole", nil, resource.ImpactRestart},
		{"a title", cty.GetAttrPath("title"), resource.ImpactReload},
		{"a tool's text", append(cty.GetAttrPath("tool"), label, cty.GetAttrStep{Name: "static"}, cty.GetAttrStep{Name: "text"}), resource.ImpactReload},
		{"the port", cty.GetAttrPath("listen").GetAttr("port"), resource.ImpactRestart},
		{"TLS, on or off", cty.GetAttrPath("tls"), resource.ImpactRestart},
		{"workers", cty.GetAttrPath("limits").GetAttr("workers"), resource.ImpactRestart},
		{"the form of the log", cty.GetAttrPath("log").GetAttr("format"), resource.ImpactRestart},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ImpactAt(c.path); got != c.want {
				t.Errorf("impact = %s, want %s", got, c.want)
			}
		})
	}
}

func TestChangedLooksAtOwnedAttributesOnly(t *testing.T) {
	typ := &resource.Type{Attributes: []resource.Attribute{
		Attribute(), FilesAttribute(), {Name: "pid", Type: cty.Number},
	}}
	object := func(doc string, files cty.Value, pid cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"document": parse(t, doc), "files": files, "pid": pid})
	}
	got := Changed(typ,
		object(`{"name":"x","title":"old","listen":{"port":1}}`, Digests(nil), cty.NumberIntVal(7)),
		object(`{"name":"x","title":"new","listen":{"port":2}}`, Digests(nil), cty.NullVal(cty.Number)))
	if len(got) != 1 || got["document"] != resource.ImpactRestart {
		t.Errorf("changed = %v", got)
	}
}

func TestExcerptHoldsNoSecret(t *testing.T) {
	v := cty.ObjectVal(map[string]cty.Value{
		"key":  cty.StringVal("BEGIN\nc2VjcmV0\nEND").Mark(schemas.Sensitive),
		"word": cty.StringVal(`pa"ss`).Mark(schemas.Sensitive),
		"open": cty.StringVal("visible"),
	})
	log := strings.Repeat("early\n", 100) + "key c2VjcmV0\nword pa\"ss quoted \"pa\\\"ss\"\nvisible\n"
	got := Excerpt([]byte(log), v)
	want := strings.Repeat("early\n", 12) + "key (sensitive)\nword (sensitive) quoted \"(sensitive)\"\nvisible"
	if got != want {
		t.Errorf("excerpt:\n%s\nwant:\n%s", got, want)
	}
	if long := Excerpt([]byte(strings.Repeat("x", 1<<20)), v); len(long) > excerptBytes+len("…") {
		t.Errorf("a long line gives %d bytes", len(long))
	}
}
