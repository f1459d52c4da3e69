package state

import (
	"bytes"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

var edge = address.Target{Kind: "sim", Name: "edge"}

func at(name string) address.Resource {
	return address.Resource{Server: address.Server{Name: name}, Target: edge, Part: "box"}
}

// boxes makes a snapshot of resources, each given as "name" or "name>needs".
func boxes(names ...string) *Snapshot {
	s := New("lineage", []byte("key"))
	s.Targets[edge] = Target{Config: resource.Object{Values: cty.EmptyObjectVal}}
	for _, n := range names {
		name, needs, found := strings.Cut(n, ">")
		r := &Resource{
			Address: at(name), Type: "box", Owned: []string{"name"},
			Object: resource.Object{
				Values:  cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name), "key": cty.NullVal(cty.String)}),
				Secrets: []resource.Secret{{Path: cty.GetAttrPath("key"), Digest: "00"}},
			},
		}
		if found {
			r.DependsOn = []address.Resource{at(needs)}
		}
		s.Resources[r.Address] = r
	}
	return s
}

func TestSnapshotsAreReadBack(t *testing.T) {
	s := boxes("a", "b>a")
	s.Serial, s.Version, s.Revision = 7, "1.0", Revision{3, OutcomeFailed}
	s.Uncertain[at("c")] = &Uncertain{Operation: Create, Resource: Resource{Address: at("c"), Type: "box"}}
	s.Outputs["url"] = Output{Value: resource.Object{Values: cty.StringVal("http://x")}}
	raw, err := Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeSnapshot(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, again) {
		t.Errorf("got\n%s\nwant\n%s", again, raw)
	}
	if got.Revision != s.Revision || got.Uncertain[at("c")].Operation != Create || got.Resources[at("b")].DependsOn[0] != at("a") {
		t.Errorf("got %+v", got)
	}
}

func TestCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		snapshot *Snapshot
		want     string // "" for none
	}{
		"whole":              {boxes("a", "b>a", "c>b"), ""},
		"a dependency lacks": {boxes("b>a"), "depends on server.a@sim.edge/box, which is not recorded"},
		"a cycle":            {boxes("a>b", "b>c", "c>a"), "dependencies form a cycle"},
		"no lineage":         {New("", []byte("key")), "no lineage"},
		"no target":          {func() *Snapshot { s := boxes("a"); delete(s.Targets, edge); return s }(), "of which nothing is recorded"},
		"wrong place":        {func() *Snapshot { s := boxes("a"); s.Resources[at("z")] = s.Resources[at("a")]; return s }(), "is recorded under the address"},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.snapshot.Check()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	s := boxes("a", "b>a")
	delete(s.Resources, at("a"))
	s.Targets[address.Target{Kind: "sim", Name: "empty"}] = Target{}
	s.Settle()
	if err := s.Check(); err != nil || len(s.Targets) != 1 || len(s.Resources[at("b")].DependsOn) != 0 {
		t.Errorf("%v; %+v", err, s)
	}
}

func TestCloneMayBeChanged(t *testing.T) {
	s := boxes("a")
	c := s.Clone()
	c.end(at("a"), nil)
	c.begin(Create, &Resource{Address: at("b")})
	if len(s.Resources) != 1 || len(s.Uncertain) != 0 {
		t.Errorf("the original changed: %+v", s)
	}
}

func TestWhatAnInterruptedUpdateMayHaveLeft(t *testing.T) {
	s := boxes("a", "b>a")
	s.begin(Update, &Resource{Address: at("b"), Type: "box", Owned: []string{"size"}, DependsOn: []address.Resource{at("c")}})
	r, certain := s.Recorded(at("b"))
	if certain || strings.Join(r.Owned, " ") != "name size" || len(r.DependsOn) != 2 {
		t.Errorf("certain %v, %+v", certain, r)
	}
	if r, certain := s.Recorded(at("z")); r != nil || certain {
		t.Errorf("of nothing: %+v", r)
	}
}

func TestJournalLines(t *testing.T) {
	var lines []byte
	a := at("a")
	for i, e := range []Entry{{Kind: EntryHeader, Lineage: "l", Base: 1}, {Kind: EntryBegin, Address: &a}, {Kind: EntryEnd, Address: &a}} {
		e.Sequence = i + 1
		line, err := encodeLine(&e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line...)
	}
	// However much of the end is missing, what was whole before is read.
	for cut := range len(lines) + 1 {
		entries, err := parseJournal(lines[:cut])
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if want := bytes.Count(lines[:cut], []byte("\n")); len(entries) != want {
			t.Fatalf("cut at %d: %d entries, want %d", cut, len(entries), want)
		}
	}
}
