package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/textproto"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// tool checks a tool of a server that has so many resource blocks.
func (r *checker) tool(at string, t *Tool, resources int) {
	r.line(at+".title", t.Title)
	r.text(at+".description", t.Description)
	for _, name := range sortedKeys(t.Inputs) {
		r.input(at+".input."+name, t.Inputs[name])
	}
	switch {
	case t.Search != nil:
		r.search(at, t, resources)
	case t.HTTP != nil:
		for _, name := range sortedKeys(t.HTTP.Headers) {
			r.header(at+".http.headers", name)
		}
		r.parameters(at+".http", t.HTTP)
	case t.Exec != nil:
		for _, name := range sortedKeys(t.Exec.Env) {
			if name == "" || strings.ContainsAny(name, "=\x00") {
				r.wrong(at+".exec.env", "%q cannot be the name of an environment variable", name).Fix("Leave out equals signs; what is set is the value.")
			}
		}
	}
}

func (r *checker) search(at string, t *Tool, resources int) {
	if len(t.Inputs) > 0 {
		r.wrong(at+".input."+sortedKeys(t.Inputs)[0], "a search declares its arguments itself").Fix("Remove the input blocks.")
	}
	if t.InputSchema != "" {
		r.wrong(at+".input_schema", "a search declares its arguments itself").Fix("Remove input_schema.")
	}
	if resources == 0 {
		r.wrong(at+".search", "the server has no resources to search").Fix("Add a resource block to the server.")
	}
}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 9110, section 5.6.2

// ownHeaders are set from the URL, the body and the connection.
var ownHeaders = []string{"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func (r *checker) header(at, name string) {
	switch {
	case !headerName.MatchString(name):
		r.wrong(at, "%q cannot be the name of a header", name).Fix("A name holds letters, digits and dashes.")
	case slices.Contains(ownHeaders, textproto.CanonicalMIMEHeaderKey(name)):
		r.wrong(at, "the header %s follows from the request and cannot be set", name).Fix("Remove it.")
	}
}

func (r *checker) input(at string, in *Input) {
	r.text(at+".description", in.Description)
	r.applies(at, in)
	if in.Pattern != "" {
		if _, err := regexp.Compile(in.Pattern); err != nil {
			r.wrong(at+".pattern", "it is not a regular expression that erlmcp knows: %s", patternError(err)).
				Fix("Use the syntax of RE2, which has no lookaround and no backreferences.")
		}
	}
	if in.MinLength != nil && in.MaxLength != nil && *in.MinLength > *in.MaxLength {
		r.wrong(at+".min_length", "it is larger than max_length, so that no string fits").Fix("Swap them, or change one.")
	}
	if in.Minimum != nil && in.Maximum != nil && *in.Minimum > *in.Maximum {
		r.wrong(at+".minimum", "it is larger than maximum, so that no number fits").Fix("Swap them, or change one.")
	}
	if in.Default != "" && !isOf(in.Type, in.Default) {
		r.wrong(at+".default", "it must be of the type %s", in.Type).Fix("Give it a value of that type, or change the type.")
	}
	if in.Default != "" && in.Required != nil && *in.Required {
		r.wrong(at+".required", "an input that must be given has no use for a default").Fix("Remove required or default.")
	}
	for i, text := range in.Enum {
		if in.Type != "string" && !isOf(in.Type, text) {
			r.wrong(at+".enum", "%q is not %s", text, withArticle(in.Type)).Fix("Give values of the type of the input.")
			return
		}
		if slices.Contains(in.Enum[:i], text) {
			r.wrong(at+".enum", "%q stands twice in it", text).Fix("Remove one of them.")
			return
		}
	}
}

// applies checks that each rule of an input is one for its type.
func (r *checker) applies(at string, in *Input) {
	for _, rule := range []struct {
		name  string
		set   bool
		types []string
	}{
		{"pattern", in.Pattern != "", []string{"string"}},
		{"min_length", in.MinLength != nil, []string{"string"}},
		{"max_length", in.MaxLength != nil, []string{"string"}},
		{"minimum", in.Minimum != nil, []string{"number", "integer"}},
		{"maximum", in.Maximum != nil, []string{"number", "integer"}},
		{"items", in.Items != "", []string{"array"}},
	} {
		if rule.set && !slices.Contains(rule.types, in.Type) {
			r.wrong(at+"."+rule.name, "it is a rule for %s, and the input is %s", withArticle(rule.types[0]), withArticle(in.Type)).
				Fix("Remove it, or change the type.")
		}
	}
}

func withArticle(name string) string {
	if strings.ContainsRune("aeiou", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

func patternError(err error) string {
	var s *syntax.Error
	if errors.As(err, &s) {
		return s.Code.String() + ": " + s.Expr
	}
	return err.Error()
}

// isOf reports whether a JSON text is a value of a type of JSON Schema. A number
// without a fraction is an integer, however it is written.
func isOf(kind, text string) bool {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() {
		return false
	}
	switch v := v.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	case json.Number:
		if kind == "integer" {
			f, _, err := big.ParseFloat(v.String(), 10, 64, big.ToNearestEven)
			return err == nil && f.IsInt()
		}
		return kind == "number"
	}
	return false
}
