package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/server"
)

// TestWhatTheRuntimeRefusesIsFoundInTheFiles puts each block into a server, and
// compares the first error with what is wanted; "@" in the block stands before the
// place of it.
func TestWhatTheRuntimeRefusesIsFoundInTheFiles(t *testing.T) {
	certs := t.TempDir()
	for dir, life := range map[string]time.Duration{"good": time.Hour, "other": time.Hour, "old": -time.Minute} {
		if err := makeCertificates(filepath.Join(certs, dir), []string{"localhost"}, "client", life); err != nil {
			t.Fatal(err)
		}
	}
	pem := func(name string) string { return `file("` + filepath.Join(certs, name) + `")` }
	input := func(body string) string {
		return "tool \"t\" {\n input \"x\" {\n" + body + "\n}\n static { text = input.x }\n}"
	}
	schema := func(expression string) string {
		return "tool \"t\" {\n input_schema = @" + expression + "\n static { text = \"x\" }\n}"
	}
	for _, c := range []struct{ name, block, want string }{
		{"a pattern that is none", input("type = string\n pattern = @\"([\""), "tool.t.input.x.pattern: it is not a regular expression that erlmcp knows: missing closing ]"},
		{"a pattern of another language", input("type = string\n pattern = @\"(?=a)\""), "invalid or unsupported Perl syntax"},
		{"a sensitive pattern", input("type = string\n pattern = @sensitive(\"([s3cret\")"), "tool.t.input.x.pattern: it breaks a rule; it is sensitive"},
		{"a default out of range", input("type = integer\n maximum = 3\n default = @4"), "tool.t.input.x.default: it does not fit"},
		{"a default of another type", input("type = integer\n default = @1.5"), "it must be of the type integer"},
		{"an enum of another type", input("type = integer\n enum = @[\"a\"]"), "\"a\" is not an integer"},
		{"an enum that repeats itself", input("type = string\n enum = @[\"a\", \"a\"]"), "stands twice"},
		{"bounds the wrong way round", input("type = integer\n minimum = @3\n maximum = 2"), "larger than maximum"},
		{"lengths the wrong way round", input("type = string\n min_length = @3\n max_length = 2"), "larger than max_length"},
		{"a length of a number", input("type = integer\n min_length = @3"), "a rule for a string, and the input is an integer"},
		{"items of a string", input("type = string\n items = @string"), "a rule for an array"},
		{"a default that is never used", input("type = string\n required = @true\n default = \"a\""), "no use for a default"},
		{"a schema of a list", schema(`"[]"`), "it must be a JSON Schema of an object"},
		{"a schema of a string", schema("jsonencode({ type = \"string\" })"), "it must be a JSON Schema of an object"},
		{"a schema with a type that is none", schema("jsonencode({ type = \"object\", properties = { a = { type = \"strng\" } } })"), "tool.t.input_schema: it is not a JSON Schema: properties.a.type"},
		{"a schema elsewhere", schema("jsonencode({ type = \"object\", properties = { a = { \"$ref\" = \"https://x.test/s.json\" } } })"), "$ref leads to https://x.test/s.json"},
		{"a variable with an equals sign", "tool \"t\" {\n exec {\n command = [\"true\"]\n env = @{ \"A=B\" = \"c\" }\n}\n}", "cannot be the name of an environment variable"},
		{"a header with a space", "tool \"t\" {\n http {\n url = \"http://x\"\n headers = @{ \"A B\" = \"c\" }\n}\n}", "cannot be the name of a header"},
		{"a header of the connection", "tool \"t\" {\n http {\n url = \"http://x\"\n headers = @{ \"content-length\" = \"1\" }\n}\n}", "cannot be set"},
		{"a search with inputs", "resource \"r\" { text = \"x\" }\ntool \"t\" {\n @input \"x\" { type = string }\n search {}\n}", "a search declares its arguments itself"},
		{"a search of nothing", "tool \"t\" {\n @search {}\n}", "no resources to search"},
		{"two resources of one URI", "resource \"a\" {\n text = \"x\"\n uri = \"u:x\"\n}\nresource \"b\" {\n text = \"x\"\n uri = @\"u:x\"\n}", "it is the URI of resource.a too"},
		{"a URI that is none", "resource \"a\" {\n text = \"x\"\n uri = @\"not a uri\"\n}", "is not a URI"},
		{"a media type that is none", "resource \"a\" {\n text = \"x\"\n mime_type = @\"zz zz\"\n}", "is not a media type"},
		{"include without a folder", "resource \"a\" {\n text = \"x\"\n include = @[\"*\"]\n}", "there is no folder"},
		{"one path for two things", "listen { path = @\"/health\" }", "where health is told"},
		{"health below the endpoint's path", "health { path = @\"/mcp\" }", "where health is told"},
		{"a host with a scheme", "listen { hosts = @[\"http://a\"] }", "is not a host name"},
		{"a host with a port", "listen { hosts = @[\"a:80\"] }", "is not a host name"},
		{"an origin with a space", "listen { origins = @[\"foo bar\"] }", "is not an origin"},
		{"an origin with a path", "listen { origins = @[\"https://a/b\"] }", "is not an origin"},
		{"a title with a NUL", "title = @\"a\\u0000\"", "control character"},
		{"a certificate that is none", "tls {\n certificate = @\"x\"\n key = " + pem("good/server.key") + "\n}", "no certificate in PEM"},
		{"a key as the certificate", "tls {\n certificate = @" + pem("good/server.key") + "\n key = " + pem("good/server.key") + "\n}", "no certificate in PEM"},
		{"a key of another certificate", "@tls {\n certificate = " + pem("good/server.pem") + "\n key = " + pem("other/server.key") + "\n}", "do not go together"},
		{"an expired certificate", "tls {\n certificate = @" + pem("old/server.pem") + "\n key = " + pem("old/server.key") + "\n}", "expired"},
		{"an authority that is none", "tls {\n certificate = " + pem("good/server.pem") + "\n key = " + pem("good/server.key") + "\n client_ca = @\"x\"\n}", "no certificate in PEM"},
		{"half of a pair, expired", "tls {\n certificate = @" + pem("old/server.pem") + "\n key_file = \"/etc/key.pem\"\n}", "expired"},
		{"a block that is made", "@dynamic \"tool\" {\n for_each = [\"t\"]\n labels = [tool.value]\n content {\n search {}\n}\n}", "no resources to search"},
		{"what is known of a server", "instructions = server.b.url\n listen { path = @\"/health\" }", "where health is told"},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := "target \"sim\" \"w\" {}\nserver \"b\" {\n target = target.sim.w\n listen { port = 1 }\n metrics { port = 2 }\n}\nserver \"a\" {\n target = target.sim.w\n"
			before, after, _ := strings.Cut(head+c.block+"\n}\n", "@")
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "main.mcp.hcl"), []byte(before+after), 0o600); err != nil {
				t.Fatal(err)
			}
			_, diags := config.Load(dir, config.Options{Targets: targetSchemas(), Check: server.Check})
			if !diags.HasErrors() {
				t.Fatal("nothing is wrong with it")
			}
			d := diags[0]
			if !strings.Contains(d.Detail, c.want) || strings.Contains(d.Error(), "s3cret") || len(d.Detail) > 300 {
				t.Errorf("it says %q, not %q", d.Detail, c.want)
			}
			if d.Range == nil || d.Range.Start.Byte != len(before) {
				t.Errorf("it is at %v, not at byte %d", d.Range, len(before))
			}
			if len(diags) > 1 {
				t.Errorf("it says more: %v", diags[1])
			}
		})
	}
}
