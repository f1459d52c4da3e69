package resource

import (
	"bytes"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"
)

// values draws values of any shape, known and unknown, without marks.
func values(depth int) *rapid.Generator[cty.Value] {
	leaves := []*rapid.Generator[cty.Value]{
		rapid.Map(rapid.String(), cty.StringVal),
		rapid.Map(rapid.Int64(), cty.NumberIntVal),
		rapid.Map(rapid.Float64Range(-1e9, 1e9), cty.NumberFloatVal),
		rapid.Map(rapid.Bool(), cty.BoolVal),
		rapid.SampledFrom([]cty.Value{
			cty.NullVal(cty.String), cty.UnknownVal(cty.Number), cty.UnknownVal(cty.List(cty.String)),
			cty.NullVal(cty.Map(cty.Bool)), cty.MapValEmpty(cty.String), cty.ListValEmpty(cty.Number),
			cty.SetVal([]cty.Value{cty.StringVal("b"), cty.StringVal("a")}), cty.DynamicVal,
		}),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	inner := values(depth - 1)
	return rapid.OneOf(append(leaves,
		rapid.Map(rapid.SliceOfN(inner, 0, 3), cty.TupleVal),
		rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), inner, 0, 3), cty.ObjectVal),
		rapid.Map(rapid.SliceOfN(rapid.String(), 1, 3), func(s []string) cty.Value {
			var l []cty.Value
			for _, x := range s {
				l = append(l, cty.StringVal(x))
			}
			return cty.ListVal(l)
		}),
		rapid.Map(rapid.MapOfN(rapid.String(), rapid.Bool(), 1, 3), func(m map[string]bool) cty.Value {
			out := map[string]cty.Value{}
			for k, b := range m {
				out[cty.NormalizeString(k)] = cty.BoolVal(b)
			}
			return cty.MapVal(out)
		}),
	)...)
}

func TestCodecGivesBackWhatItTook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Object{Values: values(3).Draw(t, "value"), Secrets: []Secret{
			{Path: cty.GetAttrPath("a").IndexString("b/\"c").IndexInt(7), Digest: "d1"},
			{Path: cty.GetAttrPath("z")},
		}}
		var writer, other, reader Codec
		raw, err := writer.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := other.Encode(in); !bytes.Equal(raw, again) {
			t.Fatalf("equal objects give\n%s\n%s", raw, again)
		}
		if err := reader.Learn(writer.Fresh()); err != nil {
			t.Fatal(err)
		}
		out, err := reader.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !out.Values.RawEquals(in.Values) {
			t.Fatalf("got %#v\nwant %#v\nfrom %s", out.Values, in.Values, raw)
		}
		if !slices.EqualFunc(in.Secrets, out.Secrets, func(a, b Secret) bool { return a.Digest == b.Digest && a.Path.Equals(b.Path) }) {
			t.Fatalf("secrets are %v, want %v", out.Secrets, in.Secrets)
		}
	})
}

func TestCodecNamesEachTypeOnce(t *testing.T) {
	var c Codec
	o := Object{Values: cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x")})}
	for range 3 {
		if _, err := c.Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.Fresh()); n != 1 {
		t.Errorf("%d types are fresh, want 1", n)
	}
	if n := len(c.Fresh()); n != 0 {
		t.Errorf("%d types are still fresh", n)
	}
}

func TestCodecKeepsWhatDoesNotExist(t *testing.T) {
	var c Codec
	raw, err := c.Encode(Object{})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := c.Decode(raw); err != nil || o.Values != cty.NilVal {
		t.Errorf("got %#v, %v", o, err)
	}
}
