package view

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file in testdata, which -update rewrites.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func at(t *testing.T, text string) address.Resource {
	t.Helper()
	a, err := address.ParseResource(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func object(values map[string]cty.Value) resource.Object {
	return resource.Object{Values: cty.ObjectVal(values)}
}

// sample is a plan with one change of each kind.
func sample(t *testing.T) *plan.Plan {
	document := func(name string) cty.Path { return cty.GetAttrPath("document").GetAttr("tool").IndexString(name) }
	absent := cty.NullVal(cty.DynamicPseudoType)
	return &plan.Plan{
		PlannedBy: "1.2.3", Mode: plan.Normal, Lineage: "l", Serial: 7,
		Changes: []plan.Change{
			{
				Address: at(t, "target.docker.local/network"), Type: "docker_network", Action: plan.NoOp,
			},
			{
				Address: at(t, "server.api@docker.local/container"), Type: "docker_container", Action: plan.Create,
				After: resource.Object{
					Values: cty.ObjectVal(map[string]cty.Value{
						"image": cty.StringVal("4156d56a68834156d56a68834156d56a68834156d56a68834156d56a68834156"),
						"key":   cty.NullVal(cty.String),
						"port":  cty.UnknownVal(cty.Number),
						"list":  cty.ListVal([]cty.Value{cty.StringVal("a\nb")}),
						"more":  cty.ListVal([]cty.Value{cty.StringVal("/erlmcpd"), cty.StringVal("run")}),
						"words": cty.ListVal([]cty.Value{cty.StringVal("/erlmcpd"), cty.StringVal("run")}),
						"none":  cty.MapValEmpty(cty.String),
					}),
					Secrets: []resource.Secret{{Path: cty.GetAttrPath("key"), Digest: "d"}},
				},
			},
			{
				Address: at(t, "server.web@docker.local/container"), Type: "docker_container", Action: plan.Update,
				Impact: resource.ImpactReload,
				Differences: []resource.Difference{
					{Path: cty.GetAttrPath("memory"), Before: cty.StringVal("256MB"), After: cty.StringVal("512MB")},
					{Path: document("greet").GetAttr("text"), Before: cty.StringVal("one\ntwo\nthree\n"), After: cty.StringVal("one\n2\nthree\n")},
					{Path: document("ask"), Before: absent, After: cty.ObjectVal(map[string]cty.Value{"title": cty.StringVal("Ask")})},
					{Path: document("tell"), Before: cty.ObjectVal(map[string]cty.Value{"title": cty.StringVal("Tell")}), After: absent},
					{Path: cty.GetAttrPath("document").GetAttr("tls").GetAttr("key"), Before: absent, After: absent, Sensitive: true},
				},
				Before: object(map[string]cty.Value{"memory": cty.StringVal("256MB")}),
				After:  object(map[string]cty.Value{"memory": cty.StringVal("512MB")}),
				Drift: []resource.Difference{
					{Path: cty.GetAttrPath("running"), Before: cty.True, After: cty.False},
				},
				Smokes: []plan.SmokeNote{{Name: "it answers", Call: "greet"}, {Name: "all is there", Tools: []string{"greet", "ask"}}},
			},
			{
				Address: at(t, "server.web@docker.local/volume"), Type: "docker_volume", Action: plan.Replace,
				Reasons: []plan.Reason{plan.ReasonRequested}, Impact: resource.ImpactReplace,
				Differences: []resource.Difference{
					{Path: cty.GetAttrPath("driver"), Before: cty.StringVal("a"), After: cty.StringVal("b"), Replace: true},
				},
			},
			{
				Address: at(t, "server.zoo@docker.local/container"), Type: "docker_container", Action: plan.Delete,
				Reasons: []plan.Reason{plan.ReasonNotWanted}, Gone: true,
			},
		},
		Outputs: []plan.OutputChange{
			{Name: "key", Sensitive: true, Changed: true, After: resource.Object{Values: cty.NullVal(cty.String)}},
			{Name: "same", Before: resource.Object{Values: cty.True}, After: resource.Object{Values: cty.True}},
			{Name: "urls", Changed: true, Before: resource.Object{Values: cty.StringVal("x")}, After: resource.Object{Values: cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.String)})}},
		},
	}
}

// sampleTypes are the types of the sample, one of which has what follows from the
// rest; what is secret is shown all the same.
var sampleTypes = Types{"docker_container": {Name: "docker_container", Follows: resource.Below("key", "list", "words")}}

func TestPlan(t *testing.T) {
	var out bytes.Buffer
	Plan(&out, Style{Width: 100}, sampleTypes, sample(t))
	golden(t, "plan.txt", out.String())
}

func TestPlanJSON(t *testing.T) {
	var out bytes.Buffer
	if err := JSON(&out, NewPlanJSON(sample(t))); err != nil {
		t.Fatal(err)
	}
	golden(t, "plan.json", out.String())
}

func TestDrift(t *testing.T) {
	var out bytes.Buffer
	Drift(&out, Style{Width: 100}, sample(t))
	golden(t, "drift.txt", out.String())
}
