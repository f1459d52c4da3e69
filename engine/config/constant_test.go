package config

import "testing"

// What is the same for all instances is decoded once; what is not, for each.
func TestInstancesShareOnlyWhatIsTheSame(t *testing.T) {
	c := only(t, `
variable "all" { default = "same" }
locals { also = var.all }
target "sim" "world" {}
server "s" {
  count  = 2
  target = target.sim.world
  tool "constant" {
    description = local.also
    static { text = var.all }
  }
  tool "own" {
    static { text = "number ${count.index}" }
  }
  tool "inputs" {
    dynamic "input" {
      for_each = ["a", "b"]
      labels   = [input.value]
      content {
        type        = string
        description = "It is ${input.value}, of ${count.index}."
      }
    }
    static { text = "x" }
  }
}`)
	for i, in := range c.Instances() {
		tools := at(evaluated(t, c, in.Ref, nil), "tool")
		number := string(rune('0' + i))
		for want, path := range map[string][]string{
			"same":                        {"constant", "static", "text"},
			"number " + number:            {"own", "static", "text"},
			"It is a, of " + number + ".": {"inputs", "input", "a", "description"},
			"It is b, of " + number + ".": {"inputs", "input", "b", "description"},
		} {
			if got := at(tools, path...).AsString(); got != want {
				t.Errorf("instance %d: got %q, want %q", i, got, want)
			}
		}
	}
}
