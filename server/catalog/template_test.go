package catalog

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

func matched(t *testing.T, uriTemplate, uri string) string {
	t.Helper()
	parts, err := schemas.ParseURITemplate(uriTemplate)
	if err != nil {
		t.Fatal(err)
	}
	found := (&template{parts: parts}).match(uri)
	if found == nil {
		return "no"
	}
	var out []string
	for _, name := range names(found) {
		out = append(out, name+"="+found[name].AsString())
	}
	return strings.Join(out, " ")
}

func TestTemplatesMatch(t *testing.T) {
	for _, c := range []struct{ template, uri, want string }{
		{"x://{id}/data", "x://123/data", "id=123"},
		{"x://{id}/data", "x:///data", "no"},
		{"x://{id}/data", "x://1/2/data", "no"},
		{"x://{id}/data", "x://1/data/", "no"},
		{"x://{id}/data", "x://a%20b%2Fc/data", "id=a b/c"},
		{"x://{id}/data", "x://%zz/data", "no"},
		{"x://{a}-{b}", "x://1-2-3", "a=1 b=2-3"},
		{"x://{lang}/{+path}", "x://en/a/b.md", "lang=en path=a/b.md"},
		{"x://{+path}/end", "x://a/end/b/end", "path=a/end/b"},
		{"x://{+path}/end", "x://a/endless", "no"},
		{"x://{id}", "y://1", "no"},
		{"x://{id}", "x://", "no"},
	} {
		if got := matched(t, c.template, c.uri); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.template, c.uri, got, c.want)
		}
	}
}

func TestTemplatesThatAreNone(t *testing.T) {
	for _, wrong := range []string{"", "x://", "x://{", "x://}", "x://{}", "x://{a}{b}", "x://{a}/{a}", "{a}", "x://{a*}", "x://{?a}", "x://{a b}"} {
		if _, err := schemas.ParseURITemplate(wrong); err == nil {
			t.Errorf("%q is a template", wrong)
		}
	}
}

// TestNoURIMakesMatchingPanic also checks that a match has all parameters, none
// of them empty.
func TestNoURIMakesMatchingPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts, err := schemas.ParseURITemplate(rapid.SampledFrom([]string{"a{x}", "a{x}b", "a{x}b{+y}", "a{+x}b{y}b", "a{x}a{y}a{+z}a"}).Draw(t, "template"))
		if err != nil {
			t.Fatal(err)
		}
		uri := rapid.StringMatching(`a[ab/%2]{0,9}`).Draw(t, "uri")
		for name, v := range (&template{parts: parts}).match(uri) {
			if v.Equals(cty.StringVal("")).True() {
				t.Errorf("%s is empty in %s", name, uri)
			}
		}
	})
}

func TestResourcesOfATemplate(t *testing.T) {
	c := mustBuild(t, t.TempDir(), `,"resource_template":{"data":{"uri":"x://{id}/data","mime_type":"application/json","priority":0.5,"text":"{\"id\":\"${input.id}\"}"}}`)
	out, err := c.AppendResource(t.Context(), []byte("{"), "x://7/data", protocol.V20260728)
	if want := `{"contents":[{"uri":"x://7/data","mimeType":"application/json","text":"{\"id\":\"7\"}"}]}`; err != nil || object(out) != want {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := c.AppendResource(t.Context(), nil, "x://7/other", protocol.V20251125); err == nil || err.Code != protocol.ResourceNotFound {
		t.Errorf("a URI of no template: %v", err)
	}
	if !c.Has("x://7/data") || c.Has("x://7") {
		t.Error("the wrong resources are there")
	}
	list, _ := c.AppendTemplates([]byte("{"), ask(t, `{}`))
	if want := `{"uriTemplate":"x://{id}/data","name":"data","mimeType":"application/json","annotations":{"priority":0.5}}`; !strings.Contains(string(list), want) {
		t.Errorf("list: %s", list)
	}
	for _, wrong := range []string{
		`{"uri":"x://","text":"x"}`, `{"uri":"x://{a}","text":"${input.b}"}`, `{"uri":"x://{a}","text":"x","argument":{"b":{}}}`,
	} {
		if _, err := build(t, t.TempDir(), `,"resource_template":{"t":`+wrong+`}`); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}

func TestCompletion(t *testing.T) {
	dir := files(t, map[string]string{"docs/intro.md": "", "docs/more/install.md": ""})
	c := mustBuild(t, dir, `,"resource":{"d":{"folder":"docs"}},
		"resource_template":{"t":{"uri":"x://{id}","text":"x","argument":{"id":{"complete":["one","two"]}}}},
		"prompt":{"p":{"argument":{"a":{"complete":["Paris","spa","Park"]},"b":{}},"message":[{"text":"x"}]}}`)
	for _, x := range []struct{ name, params, want string }{
		{"a prefix first, whatever the case", `{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"pa"}}`, `{"completion":{"values":["Paris","Park","spa"],"total":3,"hasMore":false}}`},
		{"nothing typed", `{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":""}}`, `"total":3`},
		{"an argument without values", `{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"b","value":""}}`, `{"values":[],"total":0,"hasMore":false}`},
		{"a template", `{"ref":{"type":"ref/resource","uri":"x://{id}"},"argument":{"name":"id","value":"t"}}`, `["two"]`},
		{"a folder", `{"ref":{"type":"ref/resource","uri":"erlmcp://d/{+path}"},"argument":{"name":"path","value":"in"}}`, `["intro.md","more/install.md"]`},
		{"an unknown prompt", `{"ref":{"type":"ref/prompt","name":"q"},"argument":{"name":"a","value":""}}`, "Unknown prompt"},
		{"an unknown argument", `{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"c","value":""}}`, "no argument c"},
		{"an unknown template", `{"ref":{"type":"ref/resource","uri":"y://{id}"},"argument":{"name":"id","value":""}}`, "Unknown resource template"},
		{"another kind", `{"ref":{"type":"ref/tool"},"argument":{"name":"id","value":""}}`, "params.ref.type"},
		{"no reference", `{"argument":{"name":"id","value":""}}`, "params.ref"},
		{"no argument", `{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a"}}`, "params.argument"},
	} {
		t.Run(x.name, func(t *testing.T) {
			out, err := c.AppendCompletion(t.Context(), []byte("{"), ask(t, x.params))
			got := object(out)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, x.want) {
				t.Errorf("got %s, want %s", got, x.want)
			}
		})
	}
}

func TestManyCompletions(t *testing.T) {
	values := make([]string, 150)
	for i := range values {
		values[i] = "v"
	}
	if got := string(appendCompletion([]byte("{"), values)); strings.Count(got, `"v"`) != 100 || !strings.HasSuffix(got, `"total":150,"hasMore":true}`) {
		t.Errorf("got %s", got)
	}
}
