package openapi

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
)

// Options says what is made of a document. Their zero value makes all of it.
type Options struct {
	Prefix           string
	Rename           map[string]string // by operation id, or method and path
	Include, Exclude *schemas.Operations
	Security         []string // names of the schemes that there are credentials for
	Anyway           bool     // whether operations may lack credentials
	Structured       bool     // whether tools get output schemas
}

// Tool is a tool that an operation has become.
type Tool struct {
	Name string
	// Spec is the tool but for the URL of the service, which goes before its
	// http.url, and credentials.
	Spec *schemas.Tool
	// Credentials are what the operation needs.
	Credentials []Credential
}

// Credential says where what a security scheme asks for goes.
type Credential struct {
	Scheme string
	Kind   Kind
	Name   string // of the header, query parameter or cookie
}

// Kind is how a credential is sent.
type Kind uint8

// The kinds of credentials.
const (
	InHeader Kind = iota // the token as it is
	InQuery
	InCookie
	Bearer // Authorization: Bearer TOKEN
	Basic  // Authorization: Basic, of user and password
)

// Result is what a document has become.
type Result struct {
	Server string // URL of the first server of the document; "" when it has none that is absolute
	Tools  []Tool // by name
}

// Lower makes tools of the operations of a document. The error names the operation
// that cannot become one, and what can be done.
func Lower(text string, o Options) (*Result, error) {
	d, err := read(text)
	if err != nil {
		return nil, err
	}
	out := &Result{Server: d.server()}
	all, err := d.operations()
	if err != nil {
		return nil, err
	}
	taken, used := map[string]string{}, map[string]bool{}
	for _, op := range all {
		if !op.chosen(o) {
			continue
		}
		t, err := op.tool(o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		if other, is := taken[t.Name]; is {
			return nil, fmt.Errorf("%s and %s would both be the tool %s; give one of them another name with rename", other, op, t.Name)
		}
		taken[t.Name], used[op.id], used[op.String()] = op.String(), true, true
		out.Tools = append(out.Tools, *t)
	}
	if len(out.Tools) == 0 {
		return nil, fmt.Errorf("it has no operation that is chosen")
	}
	for _, name := range sorted(o.Rename) {
		if !used[name] {
			return nil, fmt.Errorf("rename names %q, which is no operation that is chosen", name)
		}
	}
	sort.Slice(out.Tools, func(i, j int) bool { return out.Tools[i].Name < out.Tools[j].Name })
	return out, nil
}

// server is the URL of the first server, with the defaults of its variables.
func (d *document) server() string {
	servers := list(d.root["servers"])
	if len(servers) == 0 {
		return ""
	}
	first, _ := servers[0].(object)
	address := text(first["url"])
	variables, _ := first["variables"].(object)
	for name, v := range variables {
		variable, _ := v.(object)
		address = strings.ReplaceAll(address, "{"+name+"}", text(variable["default"]))
	}
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") || strings.Contains(address, "{") {
		return ""
	}
	return strings.TrimRight(address, "/")
}

// methods are those of operations that can become tools, in order.
var methods = []string{"get", "head", "post", "put", "patch", "delete"}

// operations are those of the document, by path and method.
func (d *document) operations() ([]*operation, error) {
	paths, _ := d.root["paths"].(object)
	var out []*operation
	for _, path := range sorted(paths) {
		item, err := d.deref(paths[path])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, method := range methods {
			spec, ok := item[method].(object)
			if !ok {
				continue
			}
			out = append(out, &operation{
				d: d, path: path, method: strings.ToUpper(method), spec: spec,
				id: text(spec["operationId"]), shared: list(item["parameters"]),
			})
		}
	}
	return out, nil
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
