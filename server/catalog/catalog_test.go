package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

type answers string

func (a answers) Call(context.Context, map[string]any) (*protocol.ToolResult, error) {
	return protocol.ErrorResult(string(a)), nil
}

// files lays out a folder; a value that begins with "-> " is a link.
func files(t *testing.T, tree map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range tree {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// parsed is a document with those fields.
func parsed(t *testing.T, fields string) *schemas.Server {
	t.Helper()
	doc, err := schemas.Parse([]byte(`{"name":"test"` + fields + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func build(t *testing.T, dir, fields string, tools ...GoTool) (*Catalog, error) {
	t.Helper()
	return New(parsed(t, fields), Env{FilesDir: dir, Logger: hclog.NewNullLogger(), Tools: tools})
}

func mustBuild(t *testing.T, dir, fields string, tools ...GoTool) *Catalog {
	t.Helper()
	c, err := build(t, dir, fields, tools...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask returns a message with those params.
func ask(t *testing.T, params string) *protocol.Message {
	t.Helper()
	m, err := protocol.Decode([]byte(`{"jsonrpc":"2.0","id":1,"method":"m","params":`+params+`}`), 64)
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

// object closes the members of a result.
func object(members []byte) string { return string(members) + "}" }

func uris(t *testing.T, c *Catalog) []string {
	t.Helper()
	out, err := c.AppendResources([]byte("{"), ask(t, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Resources []listed }
	if err := json.Unmarshal([]byte(object(out)), &list); err != nil {
		t.Fatal(err)
	}
	var uris []string
	for _, r := range list.Resources {
		uris = append(uris, r.URI)
	}
	return uris
}

func TestWhatIsRefusedBeforeItServes(t *testing.T) {
	dir := files(t, map[string]string{"a.md": "a"})
	for _, c := range []struct{ name, fields, want string }{
		{"a file that is not there", `,"resource":{"r":{"file":"b.md"}}`, "resource.r: open file b.md"},
		{"a file that is a folder", `,"resource":{"r":{"file":"."}}`, "it is not a regular file"},
		{"a path that leaves the folder of files", `,"resource":{"r":{"file":"../x"}}`, "leaves the folder of shipped files"},
		{"two resources with one URI", `,"resource":{"r":{"text":"a","uri":"u:x"},"s":{"text":"b","uri":"u:x"}}`, "resource.s.uri: it is the URI of resource.r"},
		{"a pattern that is none", `,"resource":{"r":{"folder":".","include":["[a"]}}`, "is not a pattern"},
		{"a schema that is not JSON", `,"tool":{"t":{"input_schema":"{","static":{"text":"a"}}}`, "tool.t.input_schema: it is not JSON"},
		{"a schema that is not of an object", `,"tool":{"t":{"input_schema":"{\"type\":\"string\"}","static":{"text":"a"}}}`, `must be a JSON Schema of an object`},
		{"a schema that is not one", `,"tool":{"t":{"input_schema":"{\"type\":\"object\",\"required\":1}","static":{"text":"a"}}}`, "tool.t.input_schema: it is not a JSON Schema: required"},
		{"a schema that is elsewhere", `,"tool":{"t":{"input_schema":"{\"type\":\"object\",\"$ref\":\"https://example.com/x\"}","static":{"text":"a"}}}`, "schemas elsewhere are not fetched"},
		{"a mirrored argument that is an array", `,"tool":{"t":{"input_schema":"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"x-mcp-header\":\"A\"}}}","static":{"text":"a"}}}`, "only a string, integer or boolean"},
		{"a mirrored argument whose header is none", `,"tool":{"t":{"input_schema":"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A B\"}}}","static":{"text":"a"}}}`, "is not the name of a header"},
		{"two arguments that are mirrored in one header", `,"tool":{"t":{"input_schema":"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"X\"},\"b\":{\"type\":\"string\",\"x-mcp-header\":\"x\"}}}","static":{"text":"a"}}}`, "two arguments have the header Mcp-Param-X"},
		{"a mirrored argument in a list", `,"tool":{"t":{"input_schema":"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"x-mcp-header\":\"X\"}}}}","static":{"text":"a"}}}`, "stands where it cannot"},
		{"a default that does not fit", `,"tool":{"t":{"input":{"n":{"type":"integer","default":"\"x\""}},"static":{"text":"a"}}}`, "tool.t.input.n.default: it does not fit"},
		{"a pattern of an input that is none", `,"tool":{"t":{"input":{"n":{"type":"string","pattern":"["}},"static":{"text":"a"}}}`, "is not valid regex"},
		{"a search of what is not there", `,"resource":{"docs":{"folder":"."}},"tool":{"t":{"search":{"resources":["doc"]}}}`, `there is no resource "doc"; did you mean "docs"?`},
		{"a template that is none", `,"prompt":{"p":{"message":[{"text":"${nothing}"}]}}`, "prompt.p.message: message 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := build(t, dir, c.fields)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestAFolder(t *testing.T) {
	outside := files(t, map[string]string{"secret": "secret"})
	dir := files(t, map[string]string{
		"docs/b.md": "b", "docs/a b.md": "a", "docs/sub/c.txt": "c", "docs/sub/d.md": "d",
		"docs/.hidden.md": "h", "docs/.git/x.md": "x", "docs/pic.png": "\x89PNG\x00",
		"docs/link.md": "-> b.md", "docs/out.md": "-> " + outside + "/secret", "docs/up": "-> ../..",
		"docs/dangling.md": "-> nothing",
	})
	c := mustBuild(t, dir, `,"resource":{"docs":{"folder":"docs"}}`)
	want := []string{"erlmcp://docs/a%20b.md", "erlmcp://docs/b.md", "erlmcp://docs/link.md", "erlmcp://docs/pic.png", "erlmcp://docs/sub/c.txt", "erlmcp://docs/sub/d.md"}
	if got := uris(t, c); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for uri, want := range map[string]string{
		"erlmcp://docs/a%20b.md":        `{"contents":[{"uri":"erlmcp://docs/a%20b.md","mimeType":"text/markdown","text":"a"}]}`,
		"erlmcp://docs/link.md":         `{"contents":[{"uri":"erlmcp://docs/link.md","mimeType":"text/markdown","text":"b"}]}`,
		"erlmcp://docs/sub/c.txt":       `{"contents":[{"uri":"erlmcp://docs/sub/c.txt","mimeType":"text/plain","text":"c"}]}`,
		"erlmcp://docs/pic.png":         `{"contents":[{"uri":"erlmcp://docs/pic.png","mimeType":"image/png","blob":"iVBORwA="}]}`,
		"erlmcp://docs/out.md":          "",
		"erlmcp://docs/up/secret":       "",
		"erlmcp://docs/.hidden.md":      "",
		"erlmcp://docs/.git/x.md":       "",
		"erlmcp://docs/../docs/b.md":    "",
		"erlmcp://docs/sub%2F..%2Fb.md": "",
		"erlmcp://docs/sub":             "",
		"erlmcp://docs/":                "",
		"erlmcp://docs":                 "",
		"erlmcp://docs/a%00":            "",
		"erlmcp://other/a":              "",
	} {
		out, err := c.AppendResource(t.Context(), []byte("{"), uri, protocol.V20251125)
		switch {
		case want == "" && (err == nil || err.Code != protocol.ResourceNotFound):
			t.Errorf("%s: %s, %v; want it not to be found", uri, out, err)
		case want != "" && (err != nil || object(out) != want):
			t.Errorf("%s: %s, %v\nwant %s", uri, out, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "docs/new.md"), []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := uris(t, c); len(got) != len(want)+1 {
		t.Errorf("a new file is not seen: %v", got)
	}
	if err := os.RemoveAll(filepath.Join(dir, "docs")); err != nil {
		t.Fatal(err)
	}
	if got := uris(t, c); len(got) != 0 || c.Reachable() == nil {
		t.Errorf("the folder is gone: %v, %v", got, c.Reachable())
	}
}

func TestIncludePatterns(t *testing.T) {
	dir := files(t, map[string]string{"a.md": "", "b.txt": "", "s/c.md": "", ".x/d.md": "", ".e.md": ""})
	for _, c := range []struct{ name, include, want string }{
		{"all", ``, "[a.md b.txt s/c.md]"},
		{"one kind, at any depth", `"**/*.md"`, "[a.md s/c.md]"},
		{"one kind, at the top", `"*.md"`, "[a.md]"},
		{"several", `"b.*","s/**"`, "[b.txt s/c.md]"},
		{"hidden ones only by name", `".x/*"`, "[.x/d.md]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cat := mustBuild(t, dir, `,"resource":{"r":{"uri":"u:","folder":"`+dir+`","include":[`+c.include+`]}}`)
			var got []string
			for _, u := range uris(t, cat) {
				got = append(got, strings.TrimPrefix(u, "u:/"))
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}

func TestFilesAndTexts(t *testing.T) {
	dir := files(t, map[string]string{"big.txt": strings.Repeat("x", 3000), "data": "{}"})
	c := mustBuild(t, dir, `,"limits":{"response_size":"2KB"},"resource":{
		"big":{"file":"big.txt"},"data":{"file":"data","mime_type":"application/json","uri":"u:data"},"empty":{"text":""}}`)
	if got, want := fmt.Sprint(uris(t, c)), "[erlmcp://big u:data erlmcp://empty]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if out, err := c.AppendResource(t.Context(), []byte("{"), "u:data", protocol.V20260728); err != nil || object(out) != `{"contents":[{"uri":"u:data","mimeType":"application/json","text":"{}"}]}` {
		t.Errorf("data: %s, %v", out, err)
	}
	if out, err := c.AppendResource(t.Context(), []byte("{"), "erlmcp://empty", protocol.V20260728); err != nil || object(out) != `{"contents":[{"uri":"erlmcp://empty","mimeType":"text/plain","text":""}]}` {
		t.Errorf("empty: %s, %v", out, err)
	}
	if _, err := c.AppendResource(t.Context(), nil, "erlmcp://big", protocol.V20260728); err == nil || err.Code != protocol.InternalError || !strings.Contains(err.Message, "limits.response_size") {
		t.Errorf("a file that is too large: %v", err)
	}
	if _, err := c.AppendResource(t.Context(), nil, "u:none", protocol.V20260728); err == nil || err.Code != protocol.InvalidParams {
		t.Errorf("not found in the modern era: %v", err)
	}
}

func TestPagesFollowEachOther(t *testing.T) {
	tree := map[string]string{}
	for i := range 1201 {
		tree[fmt.Sprintf("f%04d", i)] = ""
	}
	c := mustBuild(t, files(t, tree), `,"resource":{"r":{"folder":"."},"z":{"text":"z"}}`)
	seen, cursor := 0, "{}"
	for pages := 1; ; pages++ {
		out, err := c.AppendResources([]byte("{"), ask(t, cursor))
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			Resources  []listed
			NextCursor *string
		}
		if err := json.Unmarshal([]byte(object(out)), &page); err != nil {
			t.Fatal(err)
		}
		seen += len(page.Resources)
		if page.NextCursor == nil {
			if pages != 3 || seen != 1202 {
				t.Errorf("%d resources on %d pages", seen, pages)
			}
			return
		}
		cursor = `{"cursor":"` + *page.NextCursor + `"}`
	}
}

func TestArguments(t *testing.T) {
	spec := schemas.Tool{Inputs: map[string]*schemas.Input{
		"city":  {Type: "string", Pattern: "^[A-Z]", MinLength: ptr(2)},
		"days":  {Type: "integer", Default: "3", Minimum: ptr(1.0), Maximum: ptr(10.0)},
		"unit":  {Type: "string", Enum: []string{"c", "f"}, Required: ptr(false)},
		"level": {Type: "integer", Enum: []string{"1", "2"}, Required: ptr(false)},
		"tags":  {Type: "array", Items: "string", Required: ptr(false)},
	}}
	c := mustBuild(t, t.TempDir(), "", GoTool{Name: "t", Spec: spec, Does: answers("x")})
	for _, x := range []struct{ name, args, want string }{
		{"the least", `{"city":"Oslo"}`, ""},
		{"all", `{"city":"Oslo","days":10,"unit":"c","level":2,"tags":["a"]}`, ""},
		{"nothing", `{}`, "missing property 'city'"},
		{"another type", `{"city":1}`, "city: got number, want string"},
		{"a pattern", `{"city":"oslo"}`, "city: 'oslo' does not match pattern"},
		{"a length", `{"city":"O"}`, "city: minLength"},
		{"a bound", `{"city":"Oslo","days":11}`, "days: maximum"},
		{"not in the list", `{"city":"Oslo","unit":"k"}`, "unit: value must be one of"},
		{"numbers in a list", `{"city":"Oslo","level":3}`, "level: value must be one of"},
		{"elements", `{"city":"Oslo","tags":[1]}`, "tags.0: got number, want string"},
		{"what is not declared", `{"city":"Oslo","x":1}`, "additional properties 'x' not allowed"},
		{"two things", `{"days":0}`, "; missing property 'city'"},
	} {
		t.Run(x.name, func(t *testing.T) {
			args, perr := ask(t, `{"arguments":`+x.args+`}`).Arguments()
			if perr != nil {
				t.Fatal(perr)
			}
			err := c.Tool("t").Check(args)
			if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
				t.Errorf("error = %v, want %q", err, x.want)
			}
			if x.name == "the least" && fmt.Sprint(args["days"]) != "3" {
				t.Errorf("the default is not filled in: %v", args)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestADefinition(t *testing.T) {
	c := mustBuild(t, t.TempDir(), "", GoTool{Name: "t", Spec: schemas.Tool{
		Title: "T", Description: "Does", ReadOnly: ptr(true),
		Inputs: map[string]*schemas.Input{"b": {Type: "string"}, "a": {Type: "boolean", Default: "true", Description: "A"}},
	}, Does: answers("x")})
	out, err := c.AppendTools([]byte("{"), ask(t, "{}"))
	want := `{"tools":[{"name":"t","title":"T","description":"Does","inputSchema":{"type":"object","properties":{"a":{"type":"boolean","description":"A","default":true},"b":{"type":"string"}},"required":["b"],"additionalProperties":false},"annotations":{"title":"T","readOnlyHint":true}}]}`
	if err != nil || object(out) != want {
		t.Errorf("got  %s, %v\nwant %s", object(out), err, want)
	}
}

func TestSearch(t *testing.T) {
	dir := files(t, map[string]string{
		"d/a.md": "First line\nThe QUICK brown fox\n", "d/b.md": "a quick fox\r\nquick\nfox and quick\n", "d/c.bin": "quick fox\x00",
	})
	c := mustBuild(t, dir, `,"resource":{"d":{"folder":"d"},"t":{"text":"quick fox, `+strings.Repeat("é", 400)+`"}}`)
	for _, x := range []struct {
		name, query string
		in          []string
		limit       int
		want        string
	}{
		{"every word, whatever the case", "Quick fox", nil, 10, "[erlmcp://d/a.md:2 erlmcp://d/b.md:1 erlmcp://d/b.md:3 erlmcp://t:1]"},
		{"a limit", "quick", nil, 2, "[erlmcp://d/a.md:2 erlmcp://d/b.md:1]"},
		{"some resources", "quick", []string{"t"}, 10, "[erlmcp://t:1]"},
		{"no words", "  ", nil, 10, "[]"},
		{"nothing there", "zebra", nil, 10, "[]"},
	} {
		t.Run(x.name, func(t *testing.T) {
			found, err := c.Search(context.Background(), x.query, x.in, x.limit)
			var got []string
			for _, m := range found {
				got = append(got, fmt.Sprintf("%s:%d", m.URI, m.Line))
				if len(m.Text) > 410 || strings.ContainsAny(m.Text, "\r\n") {
					t.Errorf("line %q", m.Text)
				}
			}
			if err != nil || fmt.Sprint(got) != x.want {
				t.Errorf("got %v, %v\nwant %s", got, err, x.want)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Search(ctx, "quick", nil, 10); err == nil {
		t.Error("a search that was cancelled goes on")
	}
}

func TestChanges(t *testing.T) {
	dir := files(t, map[string]string{"a": ""})
	base := mustBuild(t, dir, `,"resource":{"r":{"text":"x"}},"prompt":{"p":{"message":[{"text":"x"}]}}`)
	tool := GoTool{Name: "t", Does: answers("x")}
	for _, x := range []struct {
		name, fields string
		tools        []GoTool
		want         Changes
	}{
		{"nothing", `,"resource":{"r":{"text":"x"}},"prompt":{"p":{"message":[{"text":"x"}]}}`, nil, Changes{}},
		{"content only", `,"resource":{"r":{"text":"y"}},"prompt":{"p":{"message":[{"text":"y"}]}}`, nil, Changes{Updated: []string{"erlmcp://r"}}},
		{"a tool", `,"resource":{"r":{"text":"x"}},"prompt":{"p":{"message":[{"text":"x"}]}}`, []GoTool{tool}, Changes{Tools: true}},
		{"a prompt", `,"resource":{"r":{"text":"x"}},"prompt":{"p":{"title":"P","message":[{"text":"x"}]}}`, nil, Changes{Prompts: true}},
		{"a resource", `,"resource":{"s":{"text":"x"}},"prompt":{"p":{"message":[{"text":"x"}]}}`, nil, Changes{Resources: true}},
		{"a shipped folder", `,"resource":{"r":{"folder":"."}},"prompt":{"p":{"message":[{"text":"x"}]}}`, nil, Changes{Resources: true}},
	} {
		t.Run(x.name, func(t *testing.T) {
			if got := base.Changes(mustBuild(t, dir, x.fields, x.tools...)); !reflect.DeepEqual(got, x.want) {
				t.Errorf("got %+v, want %+v", got, x.want)
			}
		})
	}
}

func TestAFeedKeepsNothingForItsListeners(t *testing.T) {
	f := NewFeed()
	known := f.Revision()
	_, _, next := f.Since(known, nil)
	f.Publish(Changes{})
	select {
	case <-next:
		t.Error("no change was told")
	default:
	}
	f.Publish(Changes{Tools: true})
	<-next
	f.Publish(Changes{Prompts: true})
	news, now, _ := f.Since(known, nil)
	if !reflect.DeepEqual(news, Changes{Tools: true, Prompts: true}) {
		t.Errorf("news = %+v", news)
	}
	if news, _, _ := f.Since(now, nil); news.Any() {
		t.Errorf("told twice: %+v", news)
	}
}
