package openapi

import (
	"encoding/json"
	"fmt"

	"github.com/erlmcp/erlmcp/schemas"
)

// operation is one operation of the document.
type operation struct {
	d            *document
	path, method string
	id           string // operationId; may be empty
	spec         object
	shared       []any // parameters of all operations of the path
}

// String is the operation as messages name it.
func (op *operation) String() string { return op.method + " " + op.path }

// making is a tool in the making.
type making struct {
	op         *operation
	schemas    *converter // for what is sent
	properties object     // of the arguments
	required   []string
	spec       *schemas.Tool
	http       *schemas.HTTP
	segments   map[string]string // arguments by the names of path parameters
}

func (op *operation) tool(o Options) (*Tool, error) {
	name, err := op.toolName(o)
	if err != nil {
		return nil, err
	}
	m := &making{
		op: op, schemas: newConverter(op.d, "readOnly"), properties: object{}, segments: map[string]string{},
		http: &schemas.HTTP{Method: op.method, Parameters: map[string]*schemas.HTTPParameter{}},
	}
	m.spec = &schemas.Tool{HTTP: m.http}
	m.describe()
	m.hint()
	if err := m.parameters(); err != nil {
		return nil, err
	}
	if err := m.body(); err != nil {
		return nil, err
	}
	url, err := m.pathTemplate()
	if err != nil {
		return nil, err
	}
	m.http.URL = url
	if err := m.finish(o); err != nil {
		return nil, err
	}
	credentials, err := op.credentials(o)
	if err != nil {
		return nil, err
	}
	return &Tool{Name: name, Spec: m.spec, Credentials: credentials}, nil
}

// describe takes along what the document says to people.
func (m *making) describe() {
	summary, description := line(text(m.op.spec["summary"])), clean(text(m.op.spec["description"]))
	m.spec.Title = summary
	m.spec.Description = summary
	switch {
	case summary == "" && description == "":
		m.spec.Description = m.op.String()
	case summary == "":
		m.spec.Description = description
	case description != "" && description != summary:
		m.spec.Description = clean(summary + "\n\n" + description)
	}
	if m.op.spec["deprecated"] == true {
		m.spec.Description = "Deprecated. " + m.spec.Description
	}
}

// hint says what the method promises (RFC 9110, section 9.2).
func (m *making) hint() {
	yes, no := true, false
	m.spec.OpenWorld = &yes
	switch m.op.method {
	case "GET", "HEAD":
		m.spec.ReadOnly = &yes
	case "PUT":
		m.spec.ReadOnly, m.spec.Idempotent = &no, &yes
	case "DELETE":
		m.spec.ReadOnly, m.spec.Destructive, m.spec.Idempotent = &no, &yes, &yes
	default:
		m.spec.ReadOnly = &no
	}
}

// argument adds an argument.
func (m *making) argument(name string, schema any, required bool) {
	m.properties[name] = schema
	if required {
		m.required = append(m.required, name)
	}
}

func (m *making) taken(name string) bool { _, is := m.properties[name]; return is }

// finish writes the schemas.
func (m *making) finish(o Options) error {
	input := object{"type": "object", "properties": m.properties, "additionalProperties": false}
	if len(m.required) > 0 {
		input["required"] = m.required
	}
	if defs, err := m.schemas.definitions(); err != nil {
		return err
	} else if len(defs) > 0 {
		input["$defs"] = defs
	}
	raw, err := json.Marshal(input)
	if err != nil {
		return fmt.Errorf("write the schema of the arguments: %w", err)
	}
	m.spec.InputSchema = string(raw)
	if err := m.accept(); err != nil || !o.Structured {
		return err
	}
	return m.answer()
}
