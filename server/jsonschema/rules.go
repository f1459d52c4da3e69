package jsonschema

import (
	"maps"
	"slices"
	"strconv"
)

// annotations checks what says nothing of values.
func (k *keywords) annotations() {
	for _, name := range []string{"$schema", "$id", "$comment", "$anchor", "$dynamicAnchor", "title", "description", "contentEncoding", "contentMediaType"} {
		k.text(name)
	}
	for _, name := range []string{"readOnly", "writeOnly", "deprecated"} {
		k.flag(name)
	}
	read[[]any](k, "examples", "array")
	k.byName("$defs")
	k.byName("definitions")
}

// references reads what refers to other schemas, and reports whether that is all
// there is: until draft 7, nothing counts beside a reference.
func (k *keywords) references(s *Schema) (all bool) {
	if ref, ok := k.text("$ref"); ok {
		if at, _, err := k.find(ref, k.in); err != nil {
			k.fail(k.at+"/$ref", "%v", err)
		} else {
			s.ref = k.schema(at)
		}
		if k.before(draft2019) {
			return true
		}
	}
	name := "$dynamicRef"
	if k.before(draft2020) {
		name = "$recursiveRef"
	}
	ref, ok := k.text(name)
	if !ok || k.before(draft2019) {
		return false
	}
	at, anchor, err := k.find(ref, k.in)
	if err != nil {
		k.fail(k.at+"/"+name, "%v", err)
		return false
	}
	if name == "$recursiveRef" {
		anchor = recursive
	}
	s.dynamic = &dynamic{lexical: k.schema(at)}
	if place, moves := k.resourceOf(at).dynamic[anchor]; moves && place == at {
		s.dynamic.anchor, k.moves = anchor, true
	}
	return false
}

func (k *keywords) general(s *Schema) {
	switch raw := k.members["type"].(type) {
	case nil:
		if _, there := k.members["type"]; there {
			k.fail(k.at+"/type", "got null, want string or array")
		}
	case string:
		s.types = k.kind(raw)
	case []any:
		for _, name := range k.names(k.at+"/type", raw) {
			s.types |= k.kind(name)
		}
		if len(raw) == 0 {
			k.fail(k.at+"/type", "it must have an element")
		}
	default:
		k.fail(k.at+"/type", "got %s, want string or array", got(raw))
	}
	s.enum, _ = read[[]any](k, "enum", "array")
	if v, ok := k.members["const"]; ok && !k.before(draft6) {
		s.single = &v
	}
}

func (k *keywords) kind(name string) kinds {
	is := kindNamed(name)
	if is == 0 {
		k.fail(k.at+"/type", "%s is not a type of JSON", shown(name))
	}
	return is
}

func (k *keywords) forNumbers(s *Schema) {
	n := numbers{min: k.bound("minimum"), max: k.bound("maximum"), multiple: k.bound("multipleOf")}
	if !k.before(draft6) {
		n.above, n.below = k.bound("exclusiveMinimum"), k.bound("exclusiveMaximum")
	} else { // which said then of the other two that they are
		if k.flag("exclusiveMinimum") {
			n.min, n.above = nil, n.min
		}
		if k.flag("exclusiveMaximum") {
			n.max, n.below = nil, n.max
		}
	}
	if n.multiple != nil && n.multiple.sign() <= 0 {
		k.fail(k.at+"/multipleOf", "%s is not more than 0", n.multiple)
	}
	if n != (numbers{}) {
		s.number = &n
	}
}

func (k *keywords) forTexts(s *Schema) {
	t := texts{min: k.count("minLength", 0), max: k.count("maxLength", -1)}
	if source, ok := k.text("pattern"); ok {
		t.pattern = k.pattern("pattern", source)
	}
	if name, ok := k.text("format"); ok && k.formats {
		t.format = formatNamed(name)
	}
	if t != (texts{max: -1}) {
		s.text = &t
	}
}

func (k *keywords) forArrays(s *Schema) {
	a := arrays{
		min: k.count("minItems", 0), max: k.count("maxItems", -1), unique: k.flag("uniqueItems"),
		fewest: 1, most: -1, noteHits: !k.before(draft2020),
	}
	if !k.before(draft6) {
		a.contains = k.sub("contains")
	}
	if !k.before(draft2019) {
		a.fewest, a.most = k.count("minContains", 1), k.count("maxContains", -1)
		s.openItems = k.sub("unevaluatedItems")
	}
	_, several := k.members["items"].([]any)
	switch {
	case !k.before(draft2020):
		a.first, a.rest = k.list("prefixItems"), k.sub("items")
	case several:
		for i := range k.members["items"].([]any) {
			a.first = append(a.first, k.schema(k.at+"/items/"+strconv.Itoa(i)))
		}
		a.rest = k.sub("additionalItems")
	default:
		a.rest = k.sub("items")
		k.sub("additionalItems") // which says nothing here
	}
	if a.min > 0 || a.max >= 0 || a.unique || a.contains != nil || a.rest != nil || len(a.first) > 0 {
		s.array = &a
	}
}

func (k *keywords) forObjects(s *Schema) {
	o := objects{
		min: k.count("minProperties", 0), max: k.count("maxProperties", -1), properties: k.byName("properties"),
		additional: k.sub("additionalProperties"),
	}
	if !k.before(draft6) {
		o.names = k.sub("propertyNames")
	}
	if raw, ok := k.members["required"]; ok {
		o.required = k.names(k.at+"/required", raw)
	}
	patterns := k.byName("patternProperties")
	for _, source := range slices.Sorted(maps.Keys(patterns)) {
		o.patterns = append(o.patterns, patterned{k.pattern("patternProperties", source), patterns[source]})
	}
	k.dependencies(&o)
	if !k.before(draft2019) {
		s.openProperties = k.sub("unevaluatedProperties")
	}
	if o.min > 0 || o.max >= 0 || o.properties != nil || o.additional != nil || o.names != nil || len(o.required) > 0 ||
		len(o.patterns) > 0 || len(o.together) > 0 || len(o.along) > 0 {
		s.object = &o
	}
}

// dependencies reads what the presence of one property asks of others; until draft
// 7, one keyword had both kinds.
func (k *keywords) dependencies(o *objects) {
	o.together, o.along = map[string][]string{}, map[string]*Schema{}
	if !k.before(draft2019) {
		o.along = k.byName("dependentSchemas")
		raw, _ := read[map[string]any](k, "dependentRequired", "object")
		for name, list := range raw {
			o.together[name] = k.names(k.at+"/dependentRequired/"+escape(name), list)
		}
		return
	}
	raw, _ := read[map[string]any](k, "dependencies", "object")
	for name, asked := range raw {
		at := k.at + "/dependencies/" + escape(name)
		if _, ok := asked.([]any); ok {
			o.together[name] = k.names(at, asked)
		} else {
			o.along[name] = k.schema(at)
		}
	}
}

func (k *keywords) combinations(s *Schema) {
	a := among{all: k.list("allOf"), some: k.list("anyOf"), one: k.list("oneOf"), not: k.sub("not")}
	if !k.before(draft7) {
		a.when, a.then, a.otherwise = k.sub("if"), k.sub("then"), k.sub("else")
	}
	if len(a.all)+len(a.some)+len(a.one) > 0 || a.not != nil || a.when != nil {
		s.among = &a
	}
}
