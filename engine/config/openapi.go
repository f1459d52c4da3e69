package config

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/openapi"
	"github.com/erlmcp/erlmcp/schemas"
)

// lowered is what an OpenAPI document has become, and its tools as values of tool
// blocks.
type lowered struct {
	*openapi.Result
	blocks map[string]cty.Value
}

// lower puts tools in place of the openapi blocks of a server.
func (d *decoder) lower(document cty.Value, at *site, body *hclsyntax.Body) cty.Value {
	blocks := document.GetAttr("openapi")
	if blocks.IsNull() || !blocks.IsKnown() {
		return document
	}
	values := document.AsValueMap()
	tools := map[string]cty.Value{}
	if own := values["tool"]; !own.IsNull() {
		tools = own.AsValueMap()
	}
	from := map[string]string{}
	for _, name := range sortedKeys(blocks.AsValueMap()) {
		for tool, v := range d.toolsOf(name, blocks.AsValueMap()[name], at, body) {
			if _, taken := tools[tool]; taken {
				other := fmt.Sprintf("tool %q", tool)
				if from[tool] != "" {
					other = fmt.Sprintf("openapi %q", from[tool])
				}
				d.openapiError(name, "prefix", at, body, "An operation of openapi %q would be the tool %q, and so is %s.", name, tool, other).
					Fix("Write prefix = \"%s_\", or give it another name with rename.", name)
				continue
			}
			tools[tool], from[tool] = v, name
		}
	}
	values["openapi"] = cty.NullVal(blocks.Type())
	if len(tools) > 0 {
		values["tool"] = cty.MapVal(tools)
	}
	return cty.ObjectVal(values)
}

// openapiError notes what is wrong with an openapi block, at an attribute of it if
// it is written.
func (d *decoder) openapiError(name, attribute string, at *site, body *hclsyntax.Body, detail string, args ...any) *diag.Diagnostic {
	e := diag.Errorf("The operations cannot become tools", detail, args...).
		At(diag.FromRange(ptr(locate(body, "openapi."+name+"."+attribute, at.header))))
	d.add(e)
	return e
}

// toolsOf are the tools of one block.
func (d *decoder) toolsOf(name string, block cty.Value, at *site, body *hclsyntax.Body) map[string]cty.Value {
	text := block.GetAttr("document")
	switch {
	case text.IsMarked():
		d.openapiError(name, "document", at, body, "document cannot be sensitive: the tools that it becomes are shown.").Fix("Use nonsensitive(…) when it holds no secret.")
		return nil
	case !text.IsKnown() || text.IsNull():
		if !d.diags.HasErrors() {
			d.openapiError(name, "document", at, body, "document must be known when planning.").Fix("Use file(…), variables and locals that do not depend on servers.")
		}
		return nil
	}
	options, ok := d.openapiOptions(name, block, at, body)
	if !ok {
		return nil
	}
	l, err := d.c.world.lower(text.AsString(), options)
	if err != nil {
		d.openapiError(name, "document", at, body, "document: %s.", strings.TrimSuffix(err.Error(), "."))
		return nil
	}
	base := block.GetAttr("url")
	if base.IsNull() {
		if l.Server == "" {
			d.openapiError(name, "document", at, body, "The document has no server with a whole URL.").Fix("Write url = \"https://…\".")
			return nil
		}
		base = cty.StringVal(l.Server)
	}
	out := make(map[string]cty.Value, len(l.Tools))
	for _, t := range l.Tools {
		v, err := dressed(l.blocks[t.Name], t, block, base)
		if err != nil {
			d.openapiError(name, "security", at, body, "security: %s.", err).Fix("A basic scheme takes user and password, any other a token.")
			return nil
		}
		out[t.Name] = v
	}
	return out
}

// openapiOptions reads what decides which tools there are, which must be known.
func (d *decoder) openapiOptions(name string, block cty.Value, at *site, body *hclsyntax.Body) (openapi.Options, bool) {
	fixed := block.AsValueMap()
	schemes := map[string]cty.Value{}
	if !fixed["security"].IsNull() {
		schemes = fixed["security"].AsValueMap()
	}
	anyway := !fixed["headers"].IsNull()
	for _, later := range []string{"url", "headers", "security", "timeout", "response_limit"} {
		fixed[later] = cty.NullVal(fixed[later].Type())
	}
	known := cty.ObjectVal(fixed)
	if !known.IsWhollyKnown() || known.ContainsMarked() {
		d.openapiError(name, "include", at, body, "Which tools there are must be known when planning, and cannot be sensitive.").Fix("Use variables and locals that do not depend on servers.")
		return openapi.Options{}, false
	}
	b, err := schemas.Decode[schemas.OpenAPI](known)
	if err != nil {
		d.openapiError(name, "document", at, body, "%v.", err)
		return openapi.Options{}, false
	}
	return openapi.Options{
		Prefix: b.Prefix, Rename: b.Rename, Include: b.Include, Exclude: b.Exclude,
		Security: sortedKeys(schemes), Anyway: anyway, Structured: b.Structured == nil || *b.Structured,
	}, true
}

// lower lowers each document once.
func (w *world) lower(text string, o openapi.Options) (*lowered, error) {
	key, err := json.Marshal([]any{text, o})
	if err != nil {
		return nil, err
	}
	return remember(w, w.openapis, string(key), func() (*lowered, error) {
		result, err := openapi.Lower(text, o)
		if err != nil {
			return nil, err
		}
		specs := map[string]*schemas.Tool{}
		for _, t := range result.Tools {
			specs[t.Name] = t.Spec
		}
		raw, err := json.Marshal(map[string]any{"name": "openapi", "tool": specs})
		if err != nil {
			return nil, err
		}
		v, err := schemas.Value(raw)
		if err != nil {
			return nil, err
		}
		return &lowered{result, v.GetAttr("tool").AsValueMap()}, nil
	})
}

// dressed is the block of a tool with all that is not of the document: the URL of
// the service, headers, credentials and limits.
func dressed(tool cty.Value, t openapi.Tool, block, base cty.Value) (cty.Value, error) {
	values := tool.AsValueMap()
	request := values["http"].AsValueMap()
	path := request["url"].AsString()
	headers := map[string]cty.Value{}
	for _, from := range []cty.Value{request["headers"], block.GetAttr("headers")} {
		if !from.IsNull() {
			plain, marks := from.Unmark()
			for it := plain.ElementIterator(); it.Next(); {
				k, v := it.Element()
				headers[k.AsString()] = literally(v, "", "").WithMarks(marks)
			}
		}
	}
	query := map[string]cty.Value{}
	for _, c := range t.Credentials {
		if err := credential(c, block.GetAttr("security").AsValueMap()[c.Scheme], headers, query); err != nil {
			return cty.NilVal, err
		}
	}
	address := literally(trimmed(base), "", path)
	for i, name := range slices.Sorted(maps.Keys(query)) {
		separator := "&"
		if i == 0 {
			separator = "?"
		}
		address = joined(address, cty.StringVal(separator+url.QueryEscape(name)+"="), query[name])
	}
	request["url"] = address
	if len(headers) > 0 {
		request["headers"] = cty.MapVal(headers)
	}
	request["timeout"], request["response_limit"] = block.GetAttr("timeout"), block.GetAttr("response_limit")
	values["http"] = cty.ObjectVal(request)
	return cty.ObjectVal(values), nil
}

// credential puts what a security scheme asks for where it goes.
func credential(c openapi.Credential, given cty.Value, headers, query map[string]cty.Value) error {
	token, user, password := given.GetAttr("token"), given.GetAttr("user"), given.GetAttr("password")
	if c.Kind == openapi.Basic {
		if user.IsNull() || password.IsNull() {
			return fmt.Errorf("the scheme %s needs user and password", c.Scheme)
		}
		headers["Authorization"] = mapped(joined(user, cty.StringVal(":"), password), func(s string) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(s))
		})
		return nil
	}
	if token.IsNull() {
		return fmt.Errorf("the scheme %s needs a token", c.Scheme)
	}
	switch c.Kind {
	case openapi.Bearer:
		headers["Authorization"] = literally(token, "Bearer ", "")
	case openapi.InHeader:
		headers[c.Name] = literally(token, "", "")
	case openapi.InCookie:
		cookie := literally(mapped(token, url.QueryEscape), c.Name+"=", "")
		if before, ok := headers["Cookie"]; ok {
			cookie = joined(before, cty.StringVal("; "), cookie)
		}
		headers["Cookie"] = cookie
	case openapi.InQuery:
		query[c.Name] = mapped(token, url.QueryEscape)
	}
	return nil
}

// mapped is a text made of another, with its marks; of one that is not known it is
// not known either.
func mapped(v cty.Value, f func(string) string) cty.Value {
	plain, marks := v.Unmark()
	if !plain.IsKnown() {
		return v
	}
	return cty.StringVal(f(plain.AsString())).WithMarks(marks)
}

// joined is the texts side by side.
func joined(texts ...cty.Value) cty.Value {
	var b strings.Builder
	known, all := true, cty.ValueMarks{}
	for _, t := range texts {
		plain, marks := t.Unmark()
		maps.Copy(all, marks)
		if known = known && plain.IsKnown(); known {
			b.WriteString(plain.AsString())
		}
	}
	if !known {
		return cty.UnknownVal(cty.String).WithMarks(all)
	}
	return cty.StringVal(b.String()).WithMarks(all)
}

// literally is the source of a template that stands for a text, between two pieces
// of template source.
func literally(v cty.Value, before, after string) cty.Value {
	return mapped(v, func(s string) string {
		return before + strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s) + after
	})
}

// trimmed is a URL without a slash at its end.
func trimmed(v cty.Value) cty.Value {
	return mapped(v, func(s string) string { return strings.TrimRight(s, "/") })
}
