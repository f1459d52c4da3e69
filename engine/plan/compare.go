package plan

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/schemas"
)

// Comparison is what is wanted of a resource beside what exists of it.
type Comparison struct {
	// After is the object as it will be: what is wanted, and what exists where
	// nothing is wanted.
	After resource.Object
	// Owned names the attributes that are wanted, in the type's order.
	Owned []string
	// Differences are those between what exists and After.
	Differences []resource.Difference
}

// Compare sets what is wanted beside what was found. Recorded is what the last
// apply left, nil when nothing did; an attribute that it set and that is not
// wanted any more is compared too, and is to become null.
func Compare(t *resource.Type, wanted *Wanted, found resource.Object, recorded *state.Resource) Comparison {
	var before []string
	if recorded != nil {
		before = recorded.Owned
	}
	c := Comparison{Owned: Owned(t, wanted.Object)}
	attributes := map[string]cty.Value{}
	var compared []string
	for i := range t.Attributes {
		name := t.Attributes[i].Name
		v := attribute(wanted.Object, name)
		was := slices.Contains(before, name)
		secrets := secretsOf(wanted.Object, name)
		switch {
		case !v.IsKnown() && len(secrets) == 0 && (wanted.Settled || !was):
			// The provider fills it in, and has done so.
			v, secrets = attribute(found, name), secretsOf(found, name)
		case v.IsKnown() && v.IsNull() && len(secrets) == 0 && !was:
			v, secrets = attribute(found, name), secretsOf(found, name)
		default:
			compared = append(compared, name)
		}
		attributes[name] = v
		c.After.Secrets = append(c.After.Secrets, secrets...)
	}
	c.After.Values = cty.ObjectVal(attributes)
	sortSecrets(c.After.Secrets)
	c.Differences = resource.Diff(t, found, c.After, compared)
	return c
}

// drift lists how what was found differs from what was recorded, in the
// attributes that the last apply set.
func drift(t *resource.Type, recorded *state.Resource, found resource.Object) []resource.Difference {
	return resource.Diff(t, recorded.Object, found, recorded.Owned)
}

// pending is After while a change is under way: what the provider fills in may
// come out differently.
func pending(t *resource.Type, after, wanted resource.Object) resource.Object {
	attributes := map[string]cty.Value{}
	for i := range t.Attributes {
		name := t.Attributes[i].Name
		attributes[name] = attribute(after, name)
		if v := attribute(wanted, name); !v.IsKnown() {
			attributes[name] = v
		}
	}
	after.Values = cty.ObjectVal(attributes)
	return after
}

// created is what a new object will be. Where it answers is not known yet,
// unless that is wanted.
func created(t *resource.Type, w *Wanted) resource.Object {
	if !w.Endpoint {
		return w.Object
	}
	attributes := w.Object.Values.AsValueMap()
	for name := range config.ExportType.AttributeTypes() {
		if a := t.Attribute(name); a != nil && len(secretsOf(w.Object, name)) == 0 {
			if v := attributes[name]; v.IsKnown() && v.IsNull() {
				attributes[name] = cty.UnknownVal(a.Type)
			}
		}
	}
	return resource.Object{Values: cty.ObjectVal(attributes), Secrets: w.Object.Secrets}
}

// Contradiction compares what was planned with what came out when everything was
// known: what was known then must hold. It returns the path of the first place
// where it does not, "" when there is none. Attributes that are not wanted are
// not looked at.
func Contradiction(planned, now resource.Object) string {
	if planned.Values == cty.NilVal || now.Values == cty.NilVal {
		return ""
	}
	for name, v := range now.Values.AsValueMap() {
		if v.IsKnown() && v.IsNull() {
			continue
		}
		if at := contradiction(cty.GetAttrPath(name), attribute(planned, name), v); at != "" {
			return at
		}
	}
	digests := map[string]string{}
	for _, s := range now.Secrets {
		digests[resource.FormatPath(s.Path)] = s.Digest
	}
	for _, s := range planned.Secrets {
		at := resource.FormatPath(s.Path)
		if d, ok := digests[at]; ok && s.Digest != "" && d != s.Digest {
			return at
		}
	}
	return ""
}

func contradiction(path cty.Path, planned, now cty.Value) string {
	if !planned.IsKnown() || planned.RawEquals(now) || planned.Type().IsSetType() && !planned.IsWhollyKnown() {
		return ""
	}
	if planned.IsWhollyKnown() || !now.IsKnown() || now.IsNull() || !planned.CanIterateElements() || !now.CanIterateElements() || planned.LengthInt() != now.LengthInt() {
		return resource.FormatPath(path)
	}
	object := now.Type().IsObjectType()
	for was, is := planned.ElementIterator(), now.ElementIterator(); was.Next() && is.Next(); {
		oldKey, old := was.Element()
		k, v := is.Element()
		var step cty.PathStep = cty.IndexStep{Key: k}
		if object {
			step = cty.GetAttrStep{Name: k.AsString()}
		}
		at := append(path[:len(path):len(path)], step)
		if !oldKey.RawEquals(k) {
			return resource.FormatPath(at)
		}
		if at := contradiction(at, old, v); at != "" {
			return at
		}
	}
	return ""
}

func sortSecrets(secrets []resource.Secret) {
	slices.SortFunc(secrets, func(a, b resource.Secret) int {
		pa, pb := resource.FormatPath(a.Path), resource.FormatPath(b.Path)
		switch {
		case pa < pb:
			return -1
		case pa > pb:
			return 1
		}
		return 0
	})
}

// same reports whether two objects are equal to the last byte, secrets by their
// digests.
func same(a, b resource.Object) bool {
	if (a.Values == cty.NilVal) != (b.Values == cty.NilVal) {
		return false
	}
	if a.Values == cty.NilVal {
		return true
	}
	return a.Values.RawEquals(b.Values) && slices.EqualFunc(a.Secrets, b.Secrets, func(x, y resource.Secret) bool {
		return x.Digest == y.Digest && x.Path.Equals(y.Path)
	})
}

// RedactOutput takes the secrets out of an output: all of a sensitive one.
func RedactOutput(o config.Output, key []byte) (resource.Object, error) {
	v := o.Value
	if o.Sensitive {
		v, _ = v.UnmarkDeep()
		v = v.Mark(schemas.Sensitive)
	}
	object, err := resource.Redact(v, key)
	if err != nil {
		return resource.Object{}, fmt.Errorf("output %s: %w", o.Name, err)
	}
	return object, nil
}
