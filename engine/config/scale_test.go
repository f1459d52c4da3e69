package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// shapes are the ways to write n servers.
var shapes = map[string]func(n int) string{
	"blocks": func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "server \"s%d\" {\n  target = target.sim.s\n  title = \"number ${var.one}\"\n  tool \"t\" {\n    input \"x\" { type = string }\n    static { text = \"${var.one} ${input.x}\" }\n  }\n}\n", i)
		}
		return b.String()
	},
	"count": func(n int) string {
		return fmt.Sprintf("server \"s\" {\n  count = %d\n  target = target.sim.s\n  listen { port = 1024 + count.index }\n}\n", n)
	},
	"for_each": func(n int) string {
		var keys strings.Builder
		for i := range n {
			fmt.Fprintf(&keys, "\"k%d\", ", i)
		}
		return "server \"s\" {\n  for_each = toset([" + keys.String() + "])\n  target = target.sim.s\n  title = each.key\n}\n"
	},
	"chain": func(n int) string {
		var b strings.Builder
		for i := range n {
			before := "\"\""
			if i > 0 {
				before = fmt.Sprintf("server.s%d.url", i-1)
			}
			fmt.Fprintf(&b, "server \"s%d\" {\n  target = target.sim.s\n  instructions = %s\n}\n", i, before)
		}
		return b.String()
	},
	"pairs": func(n int) string {
		return fmt.Sprintf("server \"a\" {\n  count = %d\n  target = target.sim.s\n}\nserver \"b\" {\n  count = %d\n  target = target.sim.s\n  instructions = server.a[count.index].url\n}\n", n/2, n/2)
	},
	"fan": func(n int) string {
		return fmt.Sprintf("server \"a\" {\n  count = %d\n  target = target.sim.s\n}\nlocals { all = join(\" \", server.a[*].url) }\nserver \"b\" {\n  count = %d\n  target = target.sim.s\n  instructions = local.all == \"\" ? \"none\" : server.a[0].url\n}\n", n/2, n/2)
	},
}

// walk loads n servers and evaluates each once what it depends on is known, as a
// plan does, and reports how long that took.
func walk(tb testing.TB, shape string, n int) time.Duration {
	tb.Helper()
	files := map[string]string{"main.mcp.hcl": sim + "variable \"one\" { default = 1 }\n" + shapes[shape](n)}
	dir := folder(tb, files)
	start := time.Now()
	c, diags := Load(dir, Options{Targets: kinds()})
	if err := diags.Err(); err != nil {
		tb.Fatal(err)
	}
	known := &Exports{}
	if len(c.Instances()) != n {
		tb.Fatalf("%d instances, not %d", len(c.Instances()), n)
	}
	for _, in := range c.Instances() {
		if _, diags := c.Evaluate(in.Ref, known); diags.HasErrors() {
			tb.Fatal(diags.Err())
		}
		known.Set(in.Ref, exported("http://127.0.0.1:8080/mcp"))
	}
	return time.Since(start)
}

// BenchmarkWalk shows the time for one server in configurations of two sizes,
// which should be about the same.
func BenchmarkWalk(b *testing.B) {
	for _, shape := range sortedKeys(shapes) {
		for _, n := range []int{1000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", shape, n), func(b *testing.B) {
				var total time.Duration
				for b.Loop() {
					total += walk(b, shape, n)
				}
				b.ReportMetric(float64(total.Microseconds())/float64(b.N*n), "µs/server")
			})
		}
	}
}
