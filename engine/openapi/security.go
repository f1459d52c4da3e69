package openapi

import (
	"fmt"
	"slices"
	"strings"
)

// credentials are what an operation needs: the first of its alternatives that there
// are all credentials for.
func (op *operation) credentials(o Options) ([]Credential, error) {
	alternatives, ok := op.spec["security"].([]any)
	if !ok {
		alternatives = list(op.d.root["security"])
	}
	var missing []string
	free := len(alternatives) == 0
	for _, a := range alternatives {
		needs, _ := a.(object)
		if len(needs) == 0 {
			free = true
			continue
		}
		lacks := slices.DeleteFunc(sorted(needs), func(s string) bool { return slices.Contains(o.Security, s) })
		if len(lacks) > 0 {
			missing = append(missing, strings.Join(lacks, " and "))
			continue
		}
		var out []Credential
		for _, scheme := range sorted(needs) {
			c, err := op.d.credential(scheme)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
		return out, nil
	}
	if free || o.Anyway {
		return nil, nil
	}
	return nil, fmt.Errorf("it needs credentials for %s; write security %q { token = … }, send them with headers, or leave it out with exclude",
		strings.Join(missing, ", or "), strings.Fields(missing[0])[0])
}

// credential reads a security scheme.
func (d *document) credential(name string) (Credential, error) {
	components, _ := d.root["components"].(object)
	schemes, _ := components["securitySchemes"].(object)
	s, err := d.deref(schemes[name])
	if err != nil {
		return Credential{}, err
	}
	c := Credential{Scheme: name, Name: text(s["name"])}
	switch kind := text(s["type"]); kind {
	case "apiKey":
		in := map[string]Kind{"header": InHeader, "query": InQuery, "cookie": InCookie}
		where, known := in[text(s["in"])]
		if !known || c.Name == "" {
			return c, fmt.Errorf("the security scheme %s does not say where its key goes", name)
		}
		c.Kind = where
	case "oauth2", "openIdConnect":
		c.Kind = Bearer
	case "http":
		switch scheme := strings.ToLower(text(s["scheme"])); scheme {
		case "bearer":
			c.Kind = Bearer
		case "basic":
			c.Kind = Basic
		default:
			return c, fmt.Errorf("the security scheme %s is of a kind that is not known, http %s; send its credentials with headers", name, scheme)
		}
	default:
		return c, fmt.Errorf("the security scheme %s is of a kind that is not known, %q; send its credentials with headers", name, kind)
	}
	return c, nil
}
