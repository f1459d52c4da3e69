package sim

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// shapes of fleets of n servers: none needs another, each needs the one before,
// one needs all.
var shapes = map[string]func(n int) fleet.Fleet{
	"blocks": func(n int) fleet.Fleet {
		f := make(fleet.Fleet, n)
		for i := range f {
			f[i] = fleet.Server{Name: fmt.Sprintf("s%d", i), Port: 8080, Secret: "s3cret"}
		}
		return f
	},
	"chain": func(n int) fleet.Fleet {
		f := make(fleet.Fleet, n)
		for i := range f {
			f[i] = fleet.Server{Name: fmt.Sprintf("s%d", i)}
			if i > 0 {
				f[i].Needs = []string{f[i-1].Name}
			}
		}
		return f
	},
	"fan-in": func(n int) fleet.Fleet {
		f := make(fleet.Fleet, n)
		for i := range f {
			f[i] = fleet.Server{Name: fmt.Sprintf("s%d", i)}
			if i < n-1 {
				continue
			}
			for _, s := range f[:i] {
				f[i].Needs = append(f[i].Needs, s.Name)
			}
		}
		return f
	},
}

// BenchmarkPlanAndApply creates a fleet, plans again, and destroys it, with a
// journal on a real file system. It reports time and memory for each resource:
// they must not grow with the size.
func BenchmarkPlanAndApply(b *testing.B) {
	for _, shape := range []string{"blocks", "chain", "fan-in"} {
		for _, n := range []int{1000, 10000} {
			f := shapes[shape](n)
			b.Run(fmt.Sprintf("%s-%d", shape, n), func(b *testing.B) {
				for range b.N {
					benchmark(b, f.Configuration())
				}
			})
		}
	}
}

func benchmark(b *testing.B, f plan.Configuration) {
	providers := map[string]resource.Provider{Kind: New()}
	store := local.Store{Dir: b.TempDir()}
	n := float64(len(f.Instances()))
	stage := func(name string, work func()) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := b.Elapsed()
		work()
		elapsed := b.Elapsed() - start
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(elapsed.Nanoseconds())/n, name+"-ns/resource")
		b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, name+"-B/resource")
	}
	ctx := context.Background()
	session, err := state.Open(ctx, store, state.Holder{}, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { session.Close() }()
	make := func(mode plan.Mode) *plan.Plan {
		p, diags := plan.Make(ctx, plan.Options{Configuration: f, Providers: providers, State: session.View(), Mode: mode, Parallelism: 10})
		if diags.HasErrors() {
			b.Fatal(diags.Err())
		}
		return p
	}
	run := func(p *plan.Plan) {
		r, diags := apply.Run(ctx, apply.Options{Plan: p, Configuration: f, Providers: providers, Session: session, Parallelism: 10})
		if diags.HasErrors() || !r.Saved {
			b.Fatal(diags.Err())
		}
	}
	var p *plan.Plan
	stage("plan", func() { p = make(plan.Normal) })
	stage("apply", func() { run(p) })
	session.Close()
	stage("read", func() {
		if session, err = state.Open(ctx, store, state.Holder{}, 0); err != nil {
			b.Fatal(err)
		}
	})
	stage("replan", func() {
		if p = make(plan.Normal); !p.Empty() {
			b.Fatalf("the second plan is not empty: %+v", p.Counts())
		}
	})
}
