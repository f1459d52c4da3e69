package config

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

func TestPlacementIsDecodedBesideTheDocument(t *testing.T) {
	c := only(t, sim+`
locals { taints = ["gpu", "spot"] }
server "a" {
  count  = 2
  target = target.sim.s
  scale {
    min = 1 + count.index
    max = 10
  }
  kubernetes {
    service_type = "NodePort"
    dynamic "toleration" {
      for_each = local.taints
      content { key = toleration.value }
    }
    patch {
      kind  = "Deployment"
      merge = { spec = { minReadySeconds = 5 } }
    }
  }
  prompt "p" {
    message { text = "x" }
  }
}
`)
	r := c.Instances()[1].Ref
	in, diags := c.Evaluate(r, &Exports{})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	want(t, at(in.Placement, "scale", "min"), cty.NumberIntVal(2))
	want(t, at(in.Placement, "kubernetes", "service_type"), cty.StringVal("NodePort"))
	want(t, at(in.Placement, "kubernetes", "toleration").Index(cty.NumberIntVal(1)).GetAttr("key"), cty.StringVal("spot"))
	want(t, at(in.Placement, "kubernetes", "patch").Index(cty.NumberIntVal(0)).GetAttr("merge"), cty.StringVal(`{"spec":{"minReadySeconds":5}}`))
	if in.Document.Type().HasAttribute("scale") {
		t.Error("the document holds the placement")
	}
	if !at(in.Placement, "target").IsNull() {
		t.Error("the placement holds an expression")
	}
}

func TestPlacementIsChecked(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"an unknown attribute": {`scale { maxx = 3 }`, `Did you mean "max"?`},
		"an unknown block":     {`scales { max = 3 }`, `scale`},
		"out of bounds":        {`scale { min = 0 }`, `at least 1`},
		"two ways to say it": {`scale {
    replicas = 1
    max      = 2
  }`, "replicas"},
		"in a block that has no instances": {`enabled = false
  scale { maxx = 3 }`, `Did you mean "max"?`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, map[string]string{"main.mcp.hcl": sim + `
server "a" {
  target = target.sim.s
  ` + c.body + `
}
`})
			_, diags := Load(dir, Options{Targets: kinds()})
			if !diags.HasErrors() || !strings.Contains(diags.Err().Error(), c.want) {
				t.Errorf("diagnostics: %v", diags.Err())
			}
		})
	}
}
