package server

import (
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
)

// TestCheck looks at documents that the engine does not have to see: secrets, and
// what a document that somebody else wrote may hold.
func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, document, at, want string }{
		{"a good one", `"tool":{"t":{"input":{"n":{"type":"integer","default":"3","maximum":4}},"static":{"text":"${input.n}"}}}`, "", ""},
		{"files of the target", `"resource":{"r":{"file":"/nowhere/a"},"s":{"folder":"shipped"}},"tls":{"certificate_file":"/nowhere/c","key_file":"/nowhere/k","client_ca_file":"/nowhere/ca"}`, "", ""},
		{"a program of the target", `"tool":{"t":{"exec":{"command":["/nowhere/p"]}}}`, "", ""},
		{"a secret template", `"sensitive":["/tool/t/http/url"],"tool":{"t":{"http":{"url":"s3cret"}}}`, "tool.t.http.url", "sensitive"},
		{"a secret header", `"sensitive":["/tool/t/http/headers/A"],"tool":{"t":{"http":{"url":"http://h","headers":{"A":"${s3cret}"}}}}`, "tool.t.http.headers", "sensitive"},
		{"a secret key", `"sensitive":["/tls/key"],"tls":{"certificate_file":"/c","key":"s3cret"}`, "tls.key", "no private key in PEM"},
		{"a name with a dot", `"tool":{"a.b":{"input":{"x":{"type":"string","pattern":"["}},"static":{"text":"x"}}}`, "tool.a.b.input.x.pattern", "regular expression"},
		{"an input that is not declared", `"tool":{"t":{"static":{"text":"${input.x}"}}}`, "tool.t.static.text", "not declared"},
		{"a template of a prompt", `"prompt":{"p":{"message":[{"text":"${nothing}"}]}}`, "prompt.p.message", "message 1"},
		{"everything that is seen", `"metrics":{"addresses":["[::1]:9464"],"otlp":{"endpoint":"https://o.example.com/otlp","interval":"30s"}},"tracing":{},"log":{"file":{"path":"/a"},"syslog":{"address":"udp://log:514"},"journald":{},"elasticsearch":{"url":"https://es:9200"}}`, "", ""},
		{"an address without a port", `"metrics":{"addresses":["127.0.0.1"]}`, "metrics.addresses", "not an IP address and a port"},
		{"an address by its name", `"metrics":{"addresses":["localhost:9464"]}`, "metrics.addresses", "not an IP address and a port"},
		{"a collector without a scheme", `"tracing":{"endpoint":"localhost:4317"}`, "tracing.endpoint", "not the URL of a service"},
		{"a collector with a password", `"metrics":{"otlp":{"endpoint":"https://u:s3cret@h"}}`, "metrics.otlp.endpoint", "not the URL of a service"},
		{"an export all the time", `"metrics":{"otlp":{"interval":"10ms"}}`, "metrics.otlp.interval", "shorter than 1s"},
		{"a header of two lines", `"sensitive":["/tracing/headers"],"tracing":{"headers":{"Key":"s3cret\r\nA: b"}}`, "tracing.headers", "sensitive"},
		{"authorities that are none", `"tracing":{"ca":"none"}`, "tracing.ca", "no certificate in PEM"},
		{"a log file somewhere", `"log":{"file":{"path":"server.log"}}`, "log.file.path", "not an absolute path"},
		{"a syslog daemon nowhere", `"log":{"syslog":{"address":"tcp://log"}}`, "log.syslog.address", "does not say where"},
		{"a tag of several words", `"log":{"journald":{"tag":"a b"}}`, "log.journald.tag", "not a name"},
		{"a page where something else is", `"listen":{"path":"/"},"health":{"status_page":true}`, "health.status_page", "that of something else"},
		{"a line break in a title", `"title":"a\nb"`, "title", "line break"},
		{"an upstream of each kind", `"upstream":{"a":{"stdio":{"command":["/nowhere/p"]},"prefix":"a_","tools":{"include":["x*"],"rename":{"x":"y"}}},"b":{"http":{"url":"https://b/mcp","token":"t","headers":{"X":"1"},"ca_file":"/nowhere"}}}`, "", ""},
		{"an upstream with a dot in its name", `"upstream":{"a.b":{"stdio":{"command":["p"]}}}`, "upstream.a.b", "holds no dot"},
		{"a prefix that no name begins with", `"upstream":{"a":{"stdio":{"command":["p"]},"prefix":".a/"}}`, "upstream.a.prefix", "letters, digits"},
		{"a new name that a tool has", `"tool":{"t":{"static":{"text":"x"}},"u":{"static":{"text":"x"}}},"upstream":{"a":{"stdio":{"command":["p"]},"tools":{"rename":{"x":"t"}}}}`, "upstream.a.tools.rename", "the name of tool.t already"},
		{"a new name given twice", `"upstream":{"a":{"stdio":{"command":["p"]},"prompts":{"rename":{"x":"t"}}},"b":{"stdio":{"command":["p"]},"prompts":{"rename":{"y":"t"}}}}`, "upstream.b.prompts.rename", `the name of upstream.a.prompts.rename["x"] already`},
		{"an upstream that is not HTTP", `"upstream":{"a":{"http":{"url":"ws://h"}}}`, "upstream.a.http.url", "not an HTTP URL"},
		{"a password in the URL of an upstream", `"upstream":{"a":{"http":{"url":"http://u:s3cret@h"}}}`, "upstream.a.http.url", "name or password"},
		{"a header that the protocol sets", `"upstream":{"a":{"http":{"url":"http://h","headers":{"mcp-session-id":"x"}}}}`, "upstream.a.http.headers", "set by the protocol"},
		{"authorization twice", `"upstream":{"a":{"http":{"url":"http://h","token":"t","headers":{"authorization":"x"}}}}`, "upstream.a.http.headers", "token sets Authorization"},
		{"a token of two lines", `"sensitive":["/upstream/a/http/token"],"upstream":{"a":{"http":{"url":"http://h","token":"s3cret\n"}}}`, "upstream.a.http.token", "sensitive"},
		{"a certificate without its key", `"upstream":{"a":{"http":{"url":"http://h","certificate_file":"/c"}}}`, "upstream.a.http", "go together"},
		{"an environment variable that is none", `"upstream":{"a":{"stdio":{"command":["p"],"env":{"A=B":"x"}}}}`, "upstream.a.stdio.env", "environment variable"},
		{"an OpenAPI document", `"openapi":{"a":{"document":"{}"}}`, "openapi.a", "takes no OpenAPI document"},
		{"a resource that is not on the web", `"resource":{"r":{"http":{"url":"file:///etc/passwd"}}}`, "resource.r.http.url", "not an HTTP URL"},
		{"a parameter that is not declared", `"tool":{"t":{"http":{"url":"http://h/","parameter":{"x":{}}}}}`, "tool.t.http.parameter", "no input"},
		{"a style that headers have not", `"tool":{"t":{"input":{"x":{"type":"string"}},"http":{"url":"http://h/","parameter":{"x":{"in":"header","style":"form"}}}}}`, "tool.t.http.parameter.x.style", "simple and json"},
		{"keys without use", `"tool":{"t":{"input":{"x":{"type":"object"}},"http":{"url":"http://h/","parameter":{"x":{"style":"deepObject","keys":["a"]}}}}}`, "tool.t.http.parameter.x.keys", "form with explode"},
		{"a body of a GET", `"tool":{"t":{"input":{"x":{"type":"object"}},"http":{"url":"http://h/","payload":{"argument":"x"}}}}`, "tool.t.http.payload", "has no body"},
		{"an argument sent twice", `"tool":{"t":{"input":{"x":{"type":"object"}},"http":{"url":"http://h/","method":"POST","parameter":{"x":{}},"payload":{"argument":"x"}}}}`, "tool.t.http.payload.argument", "sent as a parameter"},
		{"another resource of a search", `"resource":{"r":{"text":"x"}},"tool":{"t":{"search":{"resources":["q"]}}}`, "tool.t.search.resources", "no resource"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := schemas.Parse([]byte(`{"name":"x",` + c.document + `}`))
			if err != nil {
				t.Fatal(err)
			}
			found := Check(doc)
			if c.at == "" {
				if err := found.Err(); err != nil {
					t.Error(err)
				}
				return
			}
			if len(found) != 1 || found[0].Address != c.at || !strings.Contains(found[0].Detail, c.want) {
				t.Fatalf("it says %v, not %q at %q", found.Err(), c.want, c.at)
			}
			if strings.Contains(found[0].Error(), "s3cret") {
				t.Errorf("a secret is shown: %v", found[0])
			}
			if _, err := New(doc, Options{}); err == nil {
				t.Error("the server is built all the same")
			}
		})
	}
}
