package backend

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// received is a request as the service sees it.
type received struct {
	method, path, query, body string
	header                    http.Header
}

// service keeps the latest request.
func service(t testing.TB) (base string, latest func() received) {
	var got received
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = received{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header}
	}))
	t.Cleanup(s.Close)
	return s.URL, func() received { return got }
}

// anything is a tool with that http block, which takes any arguments.
func anything(block string) string {
	return `{"input_schema":"{\"type\":\"object\"}","http":` + block + `}`
}

func TestParameters(t *testing.T) {
	base, latest := service(t)
	list, object := []any{"a b", "c,d"}, map[string]any{"k/": "v&", "l": 2.5}
	for _, c := range []struct {
		name, spec string
		value      any
		want       string // the query, or the header with its name before it
	}{
		{"a text", `{}`, "a&b=c #?/é", "x=a%26b%3Dc%20%23%3F%2F%C3%A9"},
		{"an empty text", `{}`, "", "x="},
		{"null is left out", `{}`, nil, ""},
		{"a number", `{}`, 1e21, "x=1000000000000000000000"},
		{"a long number", `{}`, json.Number("12345678901234567890"), "x=12345678901234567890"},
		{"true", `{}`, true, "x=true"},
		{"another name", `{"name":"y z"}`, "1", "y%20z=1"},
		{"form", `{}`, list, "x=a%20b&x=c%2Cd"},
		{"an empty list", `{}`, []any{}, ""},
		{"form, joined", `{"explode":false}`, list, "x=a%20b,c%2Cd"},
		{"form, an object joined", `{"explode":false}`, object, "x=k%2F,v%26,l,2.5"},
		{"form, an object with keys", `{"keys":["k/","l"]}`, object, "k%2F=v%26&l=2.5"},
		{"spaces", `{"style":"spaceDelimited"}`, list, "x=a%20b%20c%2Cd"},
		{"pipes", `{"style":"pipeDelimited"}`, list, "x=a%20b%7Cc%2Cd"},
		{"deep object", `{"style":"deepObject"}`, object, "x%5Bk%2F%5D=v%26&x%5Bl%5D=2.5"},
		{"deep object of a list", `{"style":"deepObject"}`, list, "x%5B0%5D=a%20b&x%5B1%5D=c%2Cd"},
		{"JSON", `{"style":"json"}`, object, "x=%7B%22k%2F%22%3A%22v%26%22%2C%22l%22%3A2.5%7D"},
		{"a list within a list", `{}`, []any{[]any{1.0, "<"}}, "x=%5B1%2C%22%3C%22%5D"},
		{"a header", `{"in":"header","name":"X-List"}`, list, "X-List: a b,c,d"},
		{"a header of an object", `{"in":"header","name":"X-Object","explode":true}`, object, "X-Object: k/=v&,l=2.5"},
		{"a cookie", `{"in":"cookie"}`, "a; b=c", "Cookie: fixed=1; x=a%3B%20b%3Dc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			block := fmt.Sprintf(`{"url":%q,"headers":{"Cookie":"fixed=1"},"parameter":{"x":%s}}`, base+"/p", c.spec)
			r := call(t, build(t, anything(block), Env{}), map[string]any{"x": c.value})
			if r.IsError {
				t.Fatal(r.Content[0].Text)
			}
			got := latest().query
			if name, _, ok := strings.Cut(c.want, ": "); ok {
				got = name + ": " + latest().header.Get(name)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestParametersThatDoNotFit(t *testing.T) {
	base, _ := service(t)
	for _, c := range []struct {
		name, spec string
		value      any
		want       string
	}{
		{"a line break in a header", `{"in":"header","name":"X"}`, "a\r\nEvil: 1", "a header cannot hold line breaks"},
		{"an object without keys", `{}`, map[string]any{"admin": "1"}, "it has a member that is not among those"},
		{"an object with another key", `{"keys":["a"]}`, map[string]any{"a": "1", "admin": "1"}, "it has a member that is not among those"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := call(t, build(t, anything(fmt.Sprintf(`{"url":%q,"parameter":{"x":%s}}`, base+"/p", c.spec)), Env{}), map[string]any{"x": c.value})
			if !r.IsError || !strings.Contains(r.Content[0].Text, c.want) {
				t.Errorf("%+v, want %s", r, c.want)
			}
		})
	}
	if _, err := New(parse(t, `{"input":{"y":{"type":"string"}},"http":{"url":"http://x/","parameter":{"x":{}}}}`), Env{}); err == nil || err.Error() != `http.parameter: there is no input "x"` {
		t.Errorf("%v", err)
	}
}

func TestPayloads(t *testing.T) {
	base, latest := service(t)
	object := map[string]any{"a&": "1 2", "l": []any{1.0, "x"}, "o": map[string]any{"k": "<"}, "n": nil}
	for _, c := range []struct {
		name, spec string
		value      any
		kind, want string
	}{
		{"JSON", `{}`, object, "application/json", `{"a&":"1 2","l":[1,"x"],"n":null,"o":{"k":"<"}}`},
		{"JSON of another kind", `{"type":"application/merge-patch+json"}`, "x", "application/merge-patch+json", `"x"`},
		{"a form", `{"as":"form"}`, object, "application/x-www-form-urlencoded", "a%26=1+2&l=1&l=x&o=%7B%22k%22%3A%22%3C%22%7D"},
		{"a text", `{"as":"text","type":"text/csv"}`, "a,b\n", "text/csv", "a,b\n"},
		{"bytes", `{"as":"base64"}`, "AP8=", "application/octet-stream", "\x00\xff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := strings.Replace(c.spec, "{", `{"argument":"b",`, 1)
			if c.spec == `{}` {
				spec = `{"argument":"b"}`
			}
			tool := build(t, anything(fmt.Sprintf(`{"url":%q,"method":"POST","payload":%s}`, base+"/p", spec)), Env{})
			if r := call(t, tool, map[string]any{"b": c.value}); r.IsError {
				t.Fatal(r.Content[0].Text)
			}
			if got := latest(); got.body != c.want || got.header.Get("Content-Type") != c.kind {
				t.Errorf("%s %s, want %s %s", got.header.Get("Content-Type"), got.body, c.kind, c.want)
			}
			if r := call(t, tool, map[string]any{}); r.IsError || latest().body != "" || latest().header.Get("Content-Type") != "" {
				t.Errorf("without the argument: %+v, %+v", r, latest())
			}
		})
	}
	tool := build(t, anything(fmt.Sprintf(`{"url":%q,"method":"POST","payload":{"argument":"b","as":"base64"}}`, base+"/p")), Env{})
	if r := call(t, tool, map[string]any{"b": "%"}); !r.IsError || !strings.Contains(r.Content[0].Text, "b: it is not base64") {
		t.Errorf("%+v", r)
	}
}

func TestMultipart(t *testing.T) {
	base, latest := service(t)
	tool := build(t, anything(fmt.Sprintf(`{"url":%q,"method":"POST","payload":{"argument":"b","as":"multipart","files":["f"]}}`, base+"/p")), Env{})
	r := call(t, tool, map[string]any{"b": map[string]any{
		"f": "AP8=", "t": []any{"1", "2"}, "o": map[string]any{"k": 1.0}, "evil\"\r\nX: 1": "--x\r\n",
	}})
	if r.IsError {
		t.Fatal(r.Content[0].Text)
	}
	_, params, err := mime.ParseMediaType(latest().header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	form, err := multipart.NewReader(strings.NewReader(latest().body), params["boundary"]).ReadForm(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(form.Value) != fmt.Sprint(map[string][]string{"t": {"1", "2"}, "o": {`{"k":1}`}, "evil%22%0D%0AX: 1": {"--x\r\n"}}) {
		t.Errorf("%q", form.Value)
	}
	f, err := form.File["f"][0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if data, _ := io.ReadAll(f); string(data) != "\x00\xff" {
		t.Errorf("%q", data)
	}
}

// TestArgumentsStayWhereTheyAre sends any arguments: none adds a path segment, a
// parameter or a header.
func TestArgumentsStayWhereTheyAre(t *testing.T) {
	base, latest := service(t)
	tool := build(t, anything(fmt.Sprintf(`{"url":%q,"parameter":{"q":{},"d":{"style":"deepObject"},"l":{"explode":false},
		"h":{"in":"header","name":"X-H"},"c":{"in":"cookie"}}}`, base+`/a/${input["p"]}/b`)), Env{})
	value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[/?#&=;,%+ .\\"{}\[\]a-z]{0,12}`))
	rapid.Check(t, func(t *rapid.T) {
		args := map[string]any{
			"p": value.Draw(t, "p"), "q": value.Draw(t, "q"), "c": value.Draw(t, "c"), "h": value.Draw(t, "h"),
			"d": map[string]any{value.Draw(t, "key"): value.Draw(t, "d")}, "l": []any{value.Draw(t, "l")},
		}
		r, err := tool.Call(t.Context(), args)
		if err != nil {
			t.Fatal(err)
		}
		if r.IsError {
			return // it was refused
		}
		got := latest()
		if strings.Count(got.path, "/") != 3 || !strings.HasPrefix(got.path, "/a/") || !strings.HasSuffix(got.path, "/b") {
			t.Fatalf("path %s", got.path)
		}
		query, err := url.ParseQuery(got.query)
		if err != nil || len(query) != 3 || query.Get("q") != args["q"] || len(query["q"]) != 1 || query["l"] == nil {
			t.Fatalf("query %s: %v, %v", got.query, query, err)
		}
		for name := range got.header {
			if !slices.Contains([]string{"Accept-Encoding", "User-Agent", "X-H", "Cookie"}, name) {
				t.Fatalf("header %s", name)
			}
		}
		if cookie := got.header["Cookie"]; len(cookie) != 1 || strings.Contains(cookie[0], ";") {
			t.Fatalf("cookie %q", cookie)
		}
	})
}
