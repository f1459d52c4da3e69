package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

func result(text string, isError bool) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"is_error": cty.BoolVal(isError), "text": cty.StringVal(text),
		"content":    cty.TupleVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"type": cty.StringVal("text"), "text": cty.StringVal(text)})}),
		"structured": cty.ObjectVal(map[string]cty.Value{"temperature": cty.NumberIntVal(21)}),
	})
}

func TestSmokes(t *testing.T) {
	c := only(t, `
variable "key" {
  default   = "s3cret"
  sensitive = true
}
locals { limit = 30 }
target "sim" "s" {}
server "db" { target = target.sim.s }
server "a" {
  target   = target.sim.s
  for_each = toset(["eu"])
  rollout {
    health_timeout = "5s"
    auto_rollback  = false
  }
  smoke "zuerst: it serves" { tools = ["x", "y"] }
  smoke "answers" {
    call    = "x"
    with    = { city = each.key, key = var.key, db = server.db.url }
    require = !result.is_error && result.structured.temperature < local.limit && result.content[0].text == each.key
    retries = 0
    timeout = "3s"
  }
  dynamic "smoke" {
    for_each = ["one"]
    labels   = [smoke.value]
    content { call = smoke.value }
  }
}
`)
	ref := Ref{Server: address.Server{Name: "a", Key: address.StringKey("eu")}, Target: address.Target{Kind: "sim", Name: "s"}}
	if in := c.instances[1]; in.Ref != ref || len(in.DependsOn) != 1 {
		t.Fatalf("the instances are %+v: a check's mention of a server is no dependency", c.instances)
	}
	in, diags := c.Evaluate(ref, nil)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if want := (resource.Rollout{HealthTimeout: 5 * time.Second, LeaveFailed: true}); !reflect.DeepEqual(in.Rollout, want) {
		t.Errorf("the rollout is %+v, want %+v", in.Rollout, want)
	}
	if len(in.Smokes) != 3 {
		t.Fatalf("the checks are %+v", in.Smokes)
	}
	serves, answers, one := in.Smokes[0], in.Smokes[1], in.Smokes[2]
	if strings.Join(serves.Tools, " ") != "x y" || serves.Retries != 2 || serves.Timeout != 10*time.Second || serves.Require != nil {
		t.Errorf("the first is %+v", serves)
	}
	if answers.Call != "x" || answers.Retries != 0 || answers.Timeout != 3*time.Second || one.Call != "one" {
		t.Errorf("the others are %+v, %+v", answers, one)
	}
	if plain, marks := answers.With.Unmark(); plain.IsKnown() || len(marks) == 0 {
		t.Errorf("the arguments are %#v, want unknown and sensitive", answers.With)
	}
	for _, tt := range []struct {
		text    string
		isError bool
		want    bool
	}{{"eu", false, true}, {"us", false, false}, {"eu", true, false}} {
		if held, err := answers.Require.Holds(result(tt.text, tt.isError)); err != nil || held != tt.want {
			t.Errorf("%q, error %v: got %v, %v", tt.text, tt.isError, held, err)
		}
	}
	var known Exports
	url := cty.StringVal("http://db")
	values := map[string]cty.Value{}
	for name, typ := range ExportType.AttributeTypes() {
		values[name] = cty.NullVal(typ)
	}
	values["url"] = url
	known.Set(c.instances[0].Ref, cty.ObjectVal(values))
	if in, diags = c.Evaluate(ref, &known); diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if !in.Smokes[1].With.RawEquals(cty.StringVal(`{"city":"eu","db":"http://db","key":"s3cret"}`).Mark(schemas.Sensitive)) {
		t.Errorf("the arguments are %#v", in.Smokes[1].With)
	}
	if !in.Placement.GetAttr("smoke").IsNull() {
		t.Error("checks stand in the placement too")
	}
}

// A condition that fails says why, and nothing of what it saw.
func TestAConditionThatFails(t *testing.T) {
	c := only(t, `
target "sim" "s" {}
server "a" {
  target = target.sim.s
  smoke "x" {
    call    = "x"
    require = jsondecode(result.text).ok
  }
}
`)
	in, _ := c.Evaluate(c.instances[0].Ref, nil)
	_, err := in.Smokes[0].Require.Holds(result("s3cret, not JSON", false))
	if err == nil || !strings.Contains(err.Error(), "jsondecode") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestRollout(t *testing.T) {
	for name, tt := range map[string]struct {
		block string
		want  resource.Rollout
		err   string
	}{
		"defaults of a canary": {`strategy = "canary"`, resource.Rollout{Strategy: resource.Canary, Steps: []int{5, 25, 50}, Hold: 2 * time.Minute, HealthTimeout: time.Minute}, ""},
		"a canary": {`strategy = "canary"
    canary {
      steps = [10]
      hold  = "3s"
    }`, resource.Rollout{Strategy: resource.Canary, Steps: []int{10}, Hold: 3 * time.Second, HealthTimeout: time.Minute}, ""},
		"bounds": {`max_unavailable = 1
    max_surge = "25%"`, resource.Rollout{MaxUnavailable: "1", MaxSurge: "25%", HealthTimeout: time.Minute}, ""},
		"steps that fall": {`strategy = "canary"
    canary { steps = [25, 5] }`, resource.Rollout{}, "must rise"},
		"a step that is all": {`strategy = "canary"
    canary { steps = [100] }`, resource.Rollout{}, "99"},
		"steps of another strategy": {`strategy = "blue_green"
    canary { steps = [5] }`, resource.Rollout{}, "its steps are those of another strategy"},
		"an unknown strategy": {`strategy = "yolo"`, resource.Rollout{}, "must be one of rolling, recreate, blue_green, canary"},
	} {
		t.Run(name, func(t *testing.T) {
			c, diags := Load(folder(t, map[string]string{"main.mcp.hcl": `
target "sim" "s" {}
server "a" {
  target = target.sim.s
  rollout {
    ` + tt.block + `
  }
}
`}), Options{Targets: kinds()})
			if tt.err != "" {
				if !diags.HasErrors() || !strings.Contains(diags.Err().Error(), tt.err) {
					t.Errorf("got %v", diags)
				}
				return
			}
			if diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			in, diags := c.Evaluate(c.instances[0].Ref, nil)
			if diags.HasErrors() || !reflect.DeepEqual(in.Rollout, tt.want) {
				t.Errorf("got %+v, %v", in.Rollout, diags)
			}
		})
	}
}
