package kubernetes

import (
	"errors"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// scale is how many pods a server has.
type scale struct {
	fixed       int64
	min, max    int64 // with an autoscaler
	cpu, memory int64 // percent; 0 for none
	custom      []any // metrics as an autoscaler has them
}

// auto reports whether an autoscaler decides.
func (s scale) auto() bool { return s.max > 0 }

// least and most bound the number of pods.
func (s scale) least() int64 {
	if s.auto() {
		return s.min
	}
	return s.fixed
}

func (s scale) most() int64 { return max(s.fixed, s.max) }

// place reads the blocks scale and kubernetes. They decide which objects there
// are, so they must be known, and what they hold is shown.
func (l *lowering) place() error {
	l.scale = scale{fixed: 1}
	if l.in.Placement == cty.NilVal {
		return nil
	}
	bad := func(block, what, remedy string) error {
		d := diag.Errorf("bad placement", "The block %s of %s %s.", block, l.in.Address, what).Fix("%s", remedy)
		d.Address = l.in.Address.String()
		return d
	}
	for _, name := range []string{"scale", "kubernetes"} {
		switch v := l.in.Placement.GetAttr(name); {
		case !v.IsWhollyKnown():
			return bad(name, "depends on something that is only known after apply", "Use variables and locals that do not depend on servers.")
		case v.ContainsMarked():
			return bad(name, "holds something sensitive, and it stands openly in the cluster", "Use nonsensitive(…) when it is no secret.")
		}
	}
	placed, err := schemas.Decode[schemas.Placement](l.in.Placement)
	if err != nil {
		return err
	}
	if placed.Kubernetes != nil {
		l.kube = *placed.Kubernetes
	}
	if placed.Scale == nil {
		return nil
	}
	if l.scale, err = scaleOf(placed.Scale); err != nil {
		return bad("scale", err.Error(), "Write replicas = 3, or min = 3 and max = 10.")
	}
	return nil
}

func scaleOf(s *schemas.Scale) (scale, error) {
	number := func(n *int, otherwise int64) int64 {
		if n == nil {
			return otherwise
		}
		return int64(*n)
	}
	if s.Max == nil {
		if s.Min != nil || s.CPU != nil || s.Memory != nil || len(s.Metrics) > 0 {
			return scale{}, errors.New("says how an autoscaler is to work, and gives it no max")
		}
		return scale{fixed: number(s.Replicas, 1)}, nil
	}
	out := scale{min: number(s.Min, 1), max: int64(*s.Max), cpu: number(s.CPU, 0), memory: number(s.Memory, 0)}
	if out.min > out.max {
		return scale{}, errors.New("has a min above its max")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Metrics)) {
		out.custom = append(out.custom, customMetric(name, s.Metrics[name]))
	}
	if out.cpu == 0 && out.memory == 0 && len(out.custom) == 0 {
		out.cpu = 80
	}
	return out, nil
}

// customMetric is a metric of its own as an autoscaler has it.
func customMetric(name string, m *schemas.ScaleMetric) fields {
	metric := fields{"name": name}
	if len(m.Labels) > 0 {
		metric["selector"] = fields{"matchLabels": textMap(m.Labels)}
	}
	of := fields{"metric": metric, "target": fields{"type": "AverageValue", "averageValue": m.Average}}
	if m.Source == "external" {
		return fields{"type": "External", "external": of}
	}
	return fields{"type": "Pods", "pods": of}
}
