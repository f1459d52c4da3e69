package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/erlmcp/erlmcp/schemas"
)

// arguments is the compiled schema of a tool's arguments.
//
// The validator is santhosh-tekuri/jsonschema: checking three arguments with a
// pattern, an enumeration and bounds took 3.1 µs and 32 allocations with it, 4.6 µs
// and 60 allocations with google/jsonschema-go, and its errors say each thing
// that is wrong and where.
type arguments struct {
	source   json.RawMessage
	compiled *jsonschema.Schema
	quick    *quick // nil for an input_schema
	defaults map[string]json.RawMessage
	mirrored []mirrored
	passed   func() *jsonschema.Schema // of a tool elsewhere, in place of compiled; nil when there is no saying what fits
}

// newArguments compiles the schema of a tool: its input_schema, or what follows
// from its inputs.
func newArguments(spec *schemas.Tool, inputs map[string]*schemas.Input) (*arguments, error) {
	source := json.RawMessage(spec.InputSchema)
	if spec.InputSchema == "" {
		var err error
		if source, err = inputSchema(inputs); err != nil {
			return nil, err
		}
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, source); err != nil {
		return nil, within{"input_schema", fmt.Errorf("it is not JSON: %w", err)}
	}
	a := &arguments{source: compact.Bytes()}
	if spec.InputSchema == "" {
		a.quick = newQuick(inputs)
	}
	var top struct {
		Type       string `json:"type"`
		Properties map[string]struct {
			Default json.RawMessage `json:"default"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(a.source, &top); err != nil || top.Type != "object" {
		return nil, within{"input_schema", errors.New(`it must be a JSON Schema of an object, with "type": "object"`)}
	}
	a.defaults = map[string]json.RawMessage{}
	for name, p := range top.Properties {
		if p.Default != nil {
			a.defaults[name] = p.Default
		}
	}
	var err error
	if a.compiled, err = compile("input_schema", a.source); err != nil {
		if spec.InputSchema == "" {
			return nil, within{"input", err}
		}
		return nil, within{"input_schema", err}
	}
	if a.mirrored, err = mirrors(a.source); err != nil {
		return nil, within{"input_schema", err}
	}
	name, err := a.checkDefaults()
	switch {
	case err == nil:
		return a, nil
	case spec.InputSchema == "":
		return nil, within{"input." + name + ".default", err}
	}
	return nil, within{"input_schema", fmt.Errorf("the default of %s: %w", name, err)}
}

// noLoading refuses to fetch other schemas (MCP 2026-07-28, basic, "$ref
// Resolution").
type noLoading struct{}

func (noLoading) Load(url string) (any, error) {
	return nil, errors.New("schemas elsewhere are not fetched")
}

// compile compiles the schema of that attribute.
func compile(attribute string, source json.RawMessage) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	url := "erlmcp:" + attribute
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoading{})
	if err := c.AddResource(url, doc); err != nil {
		return nil, errors.New(explainSchema(err))
	}
	compiled, err := c.Compile(url)
	if err != nil {
		return nil, errors.New(explainSchema(err))
	}
	return compiled, nil
}

// explainSchema says in a sentence what is wrong with a schema.
func explainSchema(err error) string {
	var load *jsonschema.LoadURLError
	var invalid *jsonschema.SchemaValidationError
	switch {
	case errors.As(err, &load):
		return fmt.Sprintf("$ref leads to %s, and schemas elsewhere are not fetched", load.URL)
	case errors.As(err, &invalid):
		return "it is not a JSON Schema: " + explain(invalid.Err)
	}
	return clip(err.Error(), 300)
}

// checkDefaults checks that each default fits, when it is given alone, and
// names the first that does not.
func (a *arguments) checkDefaults() (string, error) {
	for _, name := range names(a.defaults) {
		property := a.compiled.Properties[name]
		v, err := decode(a.defaults[name])
		if err == nil && property != nil {
			err = property.Validate(v)
		}
		if err != nil {
			return name, fmt.Errorf("it does not fit: %s", explain(err))
		}
	}
	return "", nil
}

// check validates args and fills in defaults.
func (a *arguments) check(args map[string]any) error {
	if a.passed != nil {
		return a.checkPassed(args)
	}
	for name, raw := range a.defaults {
		if _, given := args[name]; given {
			continue
		}
		v, err := decode(raw) // anew, as the tool may change what it is given
		if err != nil {
			return err
		}
		args[name] = v
	}
	if a.quick != nil && a.quick.fits(args) {
		return nil
	}
	if err := a.compiled.Validate(args); err != nil {
		return errors.New(explain(err))
	}
	return nil
}

// checkPassed validates the arguments of a tool elsewhere, whose defaults are that
// server's to fill in.
func (a *arguments) checkPassed(args map[string]any) error {
	if schema := a.passed(); schema != nil {
		if err := schema.Validate(args); err != nil {
			return errors.New(explain(err))
		}
	}
	return nil
}

func decode(raw json.RawMessage) (v any, err error) {
	err = json.Unmarshal(raw, &v)
	return v, err
}

// manyFound is how many of the things that a validation found are looked at.
const manyFound = 1000

// explain says what a validation found, each thing once.
func explain(err error) string {
	var v *jsonschema.ValidationError
	if !errors.As(err, &v) {
		return err.Error()
	}
	printer := message.NewPrinter(language.English)
	var found []string
	var walk func(*jsonschema.ValidationError)
	walk = func(v *jsonschema.ValidationError) {
		if len(found) == manyFound {
			return
		}
		if len(v.Causes) > 0 {
			for _, c := range v.Causes {
				walk(c)
			}
			return
		}
		where := strings.Join(v.InstanceLocation, ".")
		if where != "" {
			where += ": "
		}
		found = append(found, where+v.ErrorKind.LocalizedString(printer))
	}
	walk(v)
	sort.Strings(found)
	const most, longest = 8, 1000 // what is found may quote what the client sent
	if len(found) > most {
		found = append(found[:most], "and more")
	}
	return clip(strings.Join(found, "; "), longest)
}

// property is the schema of one input.
type property struct {
	Type        string            `json:"type"`
	Description string            `json:"description,omitempty"`
	Enum        []json.RawMessage `json:"enum,omitempty"`
	Pattern     string            `json:"pattern,omitempty"`
	MinLength   *int              `json:"minLength,omitempty"`
	MaxLength   *int              `json:"maxLength,omitempty"`
	Minimum     *float64          `json:"minimum,omitempty"`
	Maximum     *float64          `json:"maximum,omitempty"`
	Items       *property         `json:"items,omitempty"`
	Default     json.RawMessage   `json:"default,omitempty"`
}

// inputSchema renders input blocks as JSON Schema. Arguments that are not
// declared are refused.
func inputSchema(inputs map[string]*schemas.Input) (json.RawMessage, error) {
	out := struct {
		Type       string               `json:"type"`
		Properties map[string]*property `json:"properties,omitempty"`
		Required   []string             `json:"required,omitempty"`
		Additional bool                 `json:"additionalProperties"`
	}{Type: "object", Properties: map[string]*property{}}
	for _, name := range names(inputs) {
		in := inputs[name]
		p, err := newProperty(in)
		if err != nil {
			return nil, within{"input." + name, err}
		}
		out.Properties[name] = p
		if isRequired(in) {
			out.Required = append(out.Required, name)
		}
	}
	return json.Marshal(out)
}

func isRequired(in *schemas.Input) bool {
	return in.Required == nil && in.Default == "" || in.Required != nil && *in.Required
}

func newProperty(in *schemas.Input) (*property, error) {
	p := &property{
		Type: in.Type, Description: in.Description, Pattern: in.Pattern,
		MinLength: in.MinLength, MaxLength: in.MaxLength, Minimum: in.Minimum, Maximum: in.Maximum,
	}
	if in.Items != "" {
		p.Items = &property{Type: in.Items}
	}
	for _, text := range in.Enum {
		value := json.RawMessage(text)
		if in.Type == "string" {
			value, _ = json.Marshal(text) // a string always encodes
		} else if !json.Valid(value) {
			return nil, fmt.Errorf("enum: %q is not of the type %s", text, in.Type)
		}
		p.Enum = append(p.Enum, value)
	}
	if in.Default != "" {
		if !json.Valid([]byte(in.Default)) {
			return nil, fmt.Errorf("default is not JSON")
		}
		p.Default = json.RawMessage(in.Default)
	}
	return p, nil
}
