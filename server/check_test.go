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
