package resource

import (
	"slices"
	"sort"

	"github.com/zclconf/go-cty/cty"
)

// Difference is one place where two objects of a type differ.
type Difference struct {
	Path   cty.Path  // begins with the attribute
	Before cty.Value // null when there is nothing
	After  cty.Value // null when there is nothing, unknown when it is not known yet
	// Sensitive says that there is a secret at the path: Before and After are
	// null, and only that they differ is known.
	Sensitive bool
	Replace   bool   // the change needs a new object
	Impact    Impact // of the change
}

// Diff lists where before and after differ in the named attributes, by meaning
// (Attribute.Equal), each as near to the leaves as the values allow. An unknown
// in after differs from whatever stands before. The order is that of the type's
// attributes, then of the paths.
func Diff(t *Type, before, after Object, attributes []string) []Difference {
	var out []Difference
	for i := range t.Attributes {
		if a := &t.Attributes[i]; slices.Contains(attributes, a.Name) {
			out = append(out, diffAttribute(a, before, after)...)
		}
	}
	return out
}

func diffAttribute(a *Attribute, before, after Object) []Difference {
	w := walker{attribute: a, secret: map[string]bool{}}
	w.secrets(before, after)
	b, v := attributeOf(before.Values, a), attributeOf(after.Values, a)
	if !equal(a, b, v) {
		path := cty.GetAttrPath(a.Name)
		w.walk(path, b, v)
		w.dropCovered()
		if len(w.out) == 0 && a.Equal != nil {
			w.emit(path, b, v, false)
		}
	}
	sort.SliceStable(w.out, func(i, j int) bool {
		return FormatPath(w.out[i].Path) < FormatPath(w.out[j].Path)
	})
	return w.out
}

// attributeOf is the attribute's value in an object that may not exist.
func attributeOf(object cty.Value, a *Attribute) cty.Value {
	if object == cty.NilVal || object.IsNull() || !object.Type().HasAttribute(a.Name) {
		return cty.NullVal(a.Type)
	}
	return object.GetAttr(a.Name)
}

func equal(a *Attribute, b, v cty.Value) bool {
	if b.RawEquals(v) || b.IsNull() && v.IsNull() {
		return true
	}
	if a.Equal == nil || b.IsNull() || v.IsNull() || !b.IsWhollyKnown() || !v.IsWhollyKnown() {
		return false
	}
	return a.Equal(b, v)
}

// walker collects the differences of one attribute.
type walker struct {
	attribute *Attribute
	secret    map[string]bool // formatted paths where either side holds a secret
	out       []Difference
}

func (w *walker) emit(path cty.Path, before, after cty.Value, sensitive bool) {
	impact := w.attribute.Impact
	if w.attribute.ImpactAt != nil {
		impact = w.attribute.ImpactAt(path[1:])
	}
	if w.attribute.Replace {
		impact = ImpactReplace
	}
	w.out = append(w.out, Difference{
		Path: path.Copy(), Before: before, After: after, Sensitive: sensitive,
		Replace: w.attribute.Replace, Impact: impact,
	})
}

// secrets compares digests; a secret that is not known yet differs from any.
func (w *walker) secrets(before, after Object) {
	old := map[string]Secret{}
	for _, s := range before.Secrets {
		if w.owns(s.Path) {
			old[FormatPath(s.Path)] = s
			w.secret[FormatPath(s.Path)] = true
		}
	}
	null := cty.NullVal(cty.DynamicPseudoType)
	for _, s := range after.Secrets {
		if !w.owns(s.Path) {
			continue
		}
		at := FormatPath(s.Path)
		w.secret[at] = true
		was, ok := old[at]
		delete(old, at)
		if !ok || s.Digest == "" || was.Digest != s.Digest {
			w.emit(s.Path, null, null, true)
		}
	}
	for _, s := range old {
		w.emit(s.Path, null, null, true)
	}
}

// dropCovered drops the secrets in what comes or goes as a whole, which is one
// difference.
func (w *walker) dropCovered() {
	w.out = slices.DeleteFunc(w.out, func(d Difference) bool {
		return d.Sensitive && slices.ContainsFunc(w.out, func(o Difference) bool {
			whole := o.Before.IsKnown() && o.After.IsKnown() && o.Before.IsNull() != o.After.IsNull()
			return whole && !o.Sensitive && len(o.Path) < len(d.Path) && d.Path.HasPrefix(o.Path)
		})
	})
}

func (w *walker) owns(p cty.Path) bool {
	if len(p) == 0 {
		return false
	}
	step, ok := p[0].(cty.GetAttrStep)
	return ok && step.Name == w.attribute.Name
}

// walk descends as long as both sides have the same shape. A null map or list
// counts as an empty one.
func (w *walker) walk(path cty.Path, before, after cty.Value) {
	if len(w.secret) > 0 && w.secret[FormatPath(path)] || before.RawEquals(after) {
		return
	}
	if !before.IsKnown() || !after.IsKnown() {
		w.emit(path, before, after, false)
		return
	}
	b, v := before.Type(), after.Type()
	switch {
	case before.IsNull() && after.IsNull():
	case isMapping(b) && isMapping(v) && (b.IsMapType() && v.IsMapType() || !before.IsNull() && !after.IsNull()):
		w.walkMapping(path, before, after)
	case isSequence(b) && isSequence(v):
		w.walkSequence(path, before, after)
	default:
		w.emit(path, before, after, false)
	}
}

func isMapping(t cty.Type) bool  { return t.IsMapType() || t.IsObjectType() }
func isSequence(t cty.Type) bool { return t.IsListType() || t.IsTupleType() }

func (w *walker) walkMapping(path cty.Path, before, after cty.Value) {
	b, v := elements(before), elements(after)
	names := make([]string, 0, len(b)+len(v))
	for k := range b {
		names = append(names, k)
	}
	for k := range v {
		if _, ok := b[k]; !ok {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	for _, k := range names {
		var step cty.PathStep = cty.GetAttrStep{Name: k}
		if after.Type().IsMapType() || before.Type().IsMapType() {
			step = cty.IndexStep{Key: cty.StringVal(k)}
		}
		w.walk(append(path[:len(path):len(path)], step), orNull(b[k]), orNull(v[k]))
	}
}

func (w *walker) walkSequence(path cty.Path, before, after cty.Value) {
	var b, v []cty.Value
	if !before.IsNull() {
		b = before.AsValueSlice()
	}
	if !after.IsNull() {
		v = after.AsValueSlice()
	}
	for i := range max(len(b), len(v)) {
		old, now := cty.NilVal, cty.NilVal
		if i < len(b) {
			old = b[i]
		}
		if i < len(v) {
			now = v[i]
		}
		step := cty.IndexStep{Key: cty.NumberIntVal(int64(i))}
		w.walk(append(path[:len(path):len(path)], step), orNull(old), orNull(now))
	}
}

func elements(v cty.Value) map[string]cty.Value {
	if v.IsNull() {
		return nil
	}
	return v.AsValueMap()
}

func orNull(v cty.Value) cty.Value {
	if v == cty.NilVal {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return v
}
