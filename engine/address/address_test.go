package address

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestResourceTextParsesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_-]{0,8}`)
		r := Resource{Target: Target{Kind: name.Draw(t, "kind"), Name: name.Draw(t, "target")}, Part: name.Draw(t, "part")}
		if rapid.Bool().Draw(t, "of a server") {
			r.Server.Name = name.Draw(t, "server")
			switch rapid.IntRange(0, 2).Draw(t, "key") {
			case 1:
				r.Server.Key = IntKey(rapid.IntRange(0, 1e6).Draw(t, "index"))
			case 2:
				r.Server.Key = StringKey(rapid.String().Draw(t, "text"))
			}
		}
		back, err := ParseResource(r.String())
		if err != nil || back != r {
			t.Fatalf("%s parses to %#v, %v; want %#v", r, back, err, r)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "/", "weather", "server.weather", "server.weather/container", "server.a@docker/x", "target.docker/x", "server.a[x]@docker.l/c", "server.a@docker.l/"} {
		if r, err := ParseResource(s); err == nil {
			t.Errorf("%q parses to %#v", s, r)
		}
	}
}

func TestOrderIsThatOfPeople(t *testing.T) {
	want := []string{
		"target.docker.local/network",
		"server.a@docker.local/container",
		"server.b[2]@docker.local/container",
		"server.b[10]@docker.local/container",
		`server.b["x"]@docker.local/container`,
	}
	var got []Resource
	for _, s := range want {
		r, err := ParseResource(s)
		if err != nil {
			t.Fatal(err)
		}
		got = append([]Resource{r}, got...)
	}
	slices.SortFunc(got, Resource.Compare)
	for i := range want {
		if got[i].String() != want[i] {
			t.Errorf("at %d: %s, want %s", i, got[i], want[i])
		}
	}
}

func TestCovers(t *testing.T) {
	r, _ := ParseResource(`server.web["eu"]@docker.local/container`)
	for pattern, want := range map[string]bool{
		"server.web": true, `server.web["eu"]`: true, `server.web["us"]`: false, "server.we": false,
		"target.docker.local": true, `server.web["eu"]@docker.local`: true, r.String(): true, "": false,
	} {
		if got := Covers(pattern, r); got != want {
			t.Errorf("Covers(%q) = %v", pattern, got)
		}
	}
}

func TestSlugsDiffer(t *testing.T) {
	seen := map[string]Server{}
	long := strings.Repeat("z", 300)
	for _, s := range []Server{
		{Name: "a"}, {Name: "a-b"}, {Name: "a", Key: StringKey("b")}, {Name: "a", Key: StringKey("B")},
		{Name: "a", Key: StringKey("b!")}, {Name: "a", Key: StringKey("")}, {Name: "a", Key: IntKey(0)}, {Name: "a", Key: StringKey("../x")},
		{Name: long}, {Name: long + "a"}, {Name: "a", Key: StringKey(long)}, {Name: "a", Key: StringKey(long + "a")}, {Name: "b", Key: StringKey(long)},
	} {
		if other, ok := seen[s.Slug()]; ok {
			t.Errorf("%s and %s are both %q", s, other, s.Slug())
		}
		seen[s.Slug()] = s
		if n := len(s.Slug()); n > 63 {
			t.Errorf("the slug of %.20s… has %d bytes", s, n)
		}
	}
}
