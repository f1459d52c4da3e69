package resource

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

var thing = &Type{Name: "thing", Attributes: []Attribute{
	{Name: "size", Type: cty.Number, Impact: ImpactRestart},
	{Name: "name", Type: cty.String, Replace: true},
	{Name: "doc", Type: cty.DynamicPseudoType, ImpactAt: func(p cty.Path) Impact {
		if strings.HasPrefix(FormatPath(p), "listen") {
			return ImpactRestart
		}
		return ImpactReload
	}},
	{Name: "word", Type: cty.String, Equal: func(a, b cty.Value) bool { return strings.EqualFold(a.AsString(), b.AsString()) }},
}}

var everything = []string{"size", "name", "doc", "word"}

func object(attributes map[string]cty.Value) cty.Value {
	out := map[string]cty.Value{}
	for _, a := range thing.Attributes {
		out[a.Name] = cty.NullVal(a.Type)
	}
	for k, v := range attributes {
		out[k] = v
	}
	return cty.ObjectVal(out)
}

func block(tls cty.Value) cty.Value { return cty.ObjectVal(attrs{"tls": tls}) }

type attrs = map[string]cty.Value

func TestDiff(t *testing.T) {
	s, n := cty.StringVal, cty.NumberIntVal
	secret := func(v string) cty.Value { return s(v).Mark("secret") }
	for name, tt := range map[string]struct {
		before, after attrs
		want          string // path impact flags, one a line
	}{
		"equal":                  {attrs{"size": n(1)}, attrs{"size": n(1)}, ""},
		"a number":               {attrs{"size": n(1)}, attrs{"size": n(2)}, "size restart"},
		"set and unset":          {attrs{"size": n(1)}, attrs{"name": s("x")}, "size restart\nname replace must-replace"},
		"equal by meaning":       {attrs{"word": s("YES")}, attrs{"word": s("yes")}, ""},
		"other by meaning":       {attrs{"word": s("yes")}, attrs{"word": s("no")}, "word none"},
		"unknown differs":        {attrs{"size": n(1)}, attrs{"size": cty.UnknownVal(cty.Number)}, "size restart"},
		"in a document":          {attrs{"doc": doc(8080, "a")}, attrs{"doc": doc(9090, "a")}, "doc.listen.port restart"},
		"an element added":       {attrs{"doc": doc(1, "a")}, attrs{"doc": doc(1, "a", "b")}, "doc.tool.b reload"},
		"an element removed":     {attrs{"doc": doc(1, "a", "b")}, attrs{"doc": doc(1, "b")}, "doc.tool.a reload"},
		"null is an empty map":   {attrs{"doc": doc(1)}, attrs{"doc": emptied(doc(1))}, ""},
		"all of it":              {attrs{}, attrs{"doc": doc(1, "a")}, "doc reload"},
		"same secret":            {attrs{"name": secret("x")}, attrs{"name": secret("x")}, ""},
		"another secret":         {attrs{"name": secret("x")}, attrs{"name": secret("y")}, "name replace must-replace secret"},
		"a secret comes":         {attrs{}, attrs{"name": secret("y")}, "name replace must-replace secret"},
		"a block with a secret":  {attrs{"doc": block(cty.NullVal(cty.EmptyObject))}, attrs{"doc": block(cty.ObjectVal(attrs{"key": secret("y")}))}, "doc.tls reload"},
		"a secret goes":          {attrs{"name": secret("x")}, attrs{}, "name replace must-replace secret"},
		"an unknown secret":      {attrs{"name": secret("x")}, attrs{"name": cty.UnknownVal(cty.String).Mark("secret")}, "name replace must-replace secret"},
		"open what was a secret": {attrs{"name": secret("x")}, attrs{"name": s("x")}, "name replace must-replace secret"},
		"a list":                 {attrs{"doc": cty.TupleVal([]cty.Value{s("a"), s("b")})}, attrs{"doc": cty.TupleVal([]cty.Value{s("a"), s("c"), s("d")})}, "doc[1] reload\ndoc[2] reload"},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			for _, d := range Diff(thing, redacted(t, tt.before), redacted(t, tt.after), everything) {
				line := fmt.Sprintf("%s %s", FormatPath(d.Path), d.Impact)
				if d.Replace {
					line += " must-replace"
				}
				if d.Sensitive {
					line += " secret"
				}
				lines = append(lines, line)
			}
			if diff := cmp.Diff(tt.want, strings.Join(lines, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDiffLooksAtWhatIsAskedFor(t *testing.T) {
	before, after := redacted(t, attrs{"size": cty.Zero}), redacted(t, attrs{"word": cty.StringVal("x")})
	if d := Diff(thing, before, after, []string{"name"}); len(d) != 0 {
		t.Errorf("got %v", d)
	}
}

func redacted(t *testing.T, a attrs) Object {
	t.Helper()
	o, err := Redact(object(a), []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func doc(port int64, tools ...string) cty.Value {
	out := map[string]cty.Value{
		"listen": cty.ObjectVal(attrs{"port": cty.NumberIntVal(port)}),
		"tool":   cty.NullVal(cty.Map(cty.String)),
	}
	all := attrs{}
	for _, name := range tools {
		all[name] = cty.StringVal("does " + name)
	}
	if len(all) > 0 {
		out["tool"] = cty.MapVal(all)
	}
	return cty.ObjectVal(out)
}

func emptied(doc cty.Value) cty.Value {
	all := doc.AsValueMap()
	all["tool"] = cty.MapValEmpty(cty.String)
	return cty.ObjectVal(all)
}
