package sim

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/contract"
	"github.com/erlmcp/erlmcp/schemas"
)

const secret = "hunter2-in-the-clear"

// doc is a document with the fields given as JSON; the instructions are a
// secret.
func doc(t *testing.T, fields string) cty.Value {
	t.Helper()
	v, err := schemas.Value([]byte(`{"name":"contract","instructions":"` + secret + `","sensitive":["/instructions"],` + fields + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func target(config map[string]cty.Value) resource.Target {
	all := map[string]cty.Value{"file": cty.NullVal(cty.String), "latency": cty.NullVal(cty.String)}
	for k, v := range config {
		all[k] = v
	}
	return resource.Target{Address: address.Target{Kind: Kind, Name: "lab"}, Config: cty.ObjectVal(all)}
}

func TestContract(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.json")
	for name, tt := range map[string]struct {
		world  *World
		target resource.Target
	}{
		"in memory": {NewWorld(), target(nil)},
		"in a file": {OpenWorld(path), target(map[string]cty.Value{"file": cty.StringVal(path)})},
	} {
		t.Run(name, func(t *testing.T) { contract.Run(t, simCase(t, tt.world, tt.target)) })
	}
}

func simCase(t *testing.T, world *World, target resource.Target) contract.Case {
	set := func(part, attribute string, v cty.Value) contract.Drift {
		return contract.Drift{Name: part + " " + attribute, Part: part, Attribute: attribute, Do: func(t *testing.T, values contract.Values) {
			if err := world.Set(values[part].Address, attribute, v); err != nil {
				t.Fatal(err)
			}
		}}
	}
	gone := func(part string) contract.Drift {
		return contract.Drift{Name: part + " is gone", Part: part, Do: func(t *testing.T, values contract.Values) {
			if err := world.Remove(values[part].Address); err != nil {
				t.Fatal(err)
			}
		}}
	}
	noted := cty.MapVal(map[string]cty.Value{"by": cty.StringVal("somebody")})
	return contract.Case{
		Provider: &Provider{World: world},
		Target:   target,
		Document: doc(t, `"title":"One","listen":{"port":8080},"metrics":{"port":9090},"limits":{"memory":"64MB"}`),
		Updated:  doc(t, `"title":"Two","listen":{"port":8080},"metrics":{"port":9090},"limits":{"memory":"128MB"}`),
		Replaced: doc(t, `"title":"One","listen":{"port":8081},"metrics":{"port":9090},"limits":{"memory":"64MB"}`),
		Files:    []resource.File{{Path: "a.txt", SHA256: "00"}},
		Objects: func(t *testing.T, lineage string) []string {
			objects, err := world.Objects()
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, o := range objects {
				if o.Lineage == lineage {
					out = append(out, fmt.Sprintf("%s %s", o.Type, o.Address))
				}
			}
			return out
		},
		Drifts: []contract.Drift{
			gone("network"), gone("process"),
			set("network", "name", cty.StringVal("other")),
			set("process", "name", cty.StringVal("other")),
			set("process", "document", doc(t, `"title":"Edited"`)),
			set("process", "files", cty.MapVal(map[string]cty.Value{"a.txt": cty.StringVal("ff")})),
			set("process", "network", cty.StringVal("other")),
			set("process", "title", cty.StringVal("other")),
			set("process", "memory", cty.StringVal("1MB")),
			set("process", "running", cty.False),
			set("process", "beside", cty.StringVal("a trial out of sight")),
			set("process", "port", cty.NumberIntVal(1)),
			set("process", "metrics_port", cty.NumberIntVal(2)),
			set("process", "address", cty.StringVal("10.0.0.1")),
			set("process", "url", cty.StringVal("http://elsewhere")),
			set("process", "metrics_url", cty.StringVal("http://elsewhere")),
		},
		Foreign: func(t *testing.T, values contract.Values) {
			if err := world.Set(values["process"].Address, "annotations", noted); err != nil {
				t.Fatal(err)
			}
		},
		Still: func(t *testing.T, values contract.Values) {
			objects, err := world.Objects()
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range objects {
				if o.Type == ProcessType && !o.Values.GetAttr("annotations").RawEquals(noted) {
					t.Errorf("the annotations of %s are gone", o.Address)
				}
			}
		},
		LoseReply: func(t *testing.T, n int) (resource.Provider, func() bool) {
			var mu sync.Mutex
			calls := 0
			p := &Provider{World: world, Fault: func(c Call) Fault {
				mu.Lock()
				defer mu.Unlock()
				if c.Verb == "read" {
					return None
				}
				if calls++; calls == n {
					return LoseReply
				}
				return None
			}}
			return p, func() bool {
				mu.Lock()
				defer mu.Unlock()
				return calls >= n
			}
		},
		Freeze: world.Freeze,
	}
}
