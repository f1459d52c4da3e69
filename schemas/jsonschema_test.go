package schemas

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestJSONSchema(t *testing.T) {
	text, err := JSONSchema(map[string]*Block{"docker": Describe[DockerTarget](), "sim": Describe[SimTarget]()})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("erlmcp.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("erlmcp.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, doc string
		valid     bool
	}{
		{"a server", `{"target": {"sim": {"s": {}}}, "server": {"a": {"target": "${target.sim.s}", "listen": {"port": 8080},
			"tool": {"t": {"input": {"q": {"type": "string"}}, "static": {"text": "x"}}},
			"prompt": {"p": {"message": [{"text": "x"}]}}}}}`, true},
		{"an expression for a number", `{"server": {"a": {"target": "${var.t}", "listen": {"port": "${var.port}"}}}}`, true},
		{"a string for a number", `{"server": {"a": {"target": "${var.t}", "listen": {"port": "many"}}}}`, false},
		{"a port out of range", `{"server": {"a": {"target": "${var.t}", "listen": {"port": 70000}}}}`, false},
		{"an unknown attribute", `{"server": {"a": {"target": "${var.t}", "colour": "red"}}}`, false},
		{"no target", `{"server": {"a": {}}}`, false},
		{"two backends", `{"server": {"a": {"target": "${var.t}", "tool": {"t": {"static": {"text": "x"}, "search": {}}}}}}`, false},
		{"a value not in the list", `{"server": {"a": {"target": "${var.t}", "log": {"level": "loud"}}}}`, false},
		{"an unknown kind of target", `{"target": {"moon": {"x": {}}}}`, false},
		{"a variable, a local and an output", `{"variable": {"v": {"type": "string"}}, "locals": {"l": 1}, "output": {"o": {"value": "${var.v}"}}}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(c.doc))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); (err == nil) != c.valid {
				t.Errorf("valid: %v, want %v: %v", err == nil, c.valid, err)
			}
		})
	}
}
