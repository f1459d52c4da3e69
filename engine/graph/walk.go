package graph

import (
	"context"
	"fmt"
)

// FailedError says that a node was not visited because another, which it
// depends on, failed.
type FailedError[K comparable] struct {
	Node K     // the one that failed
	Err  error // what it failed with
}

func (e *FailedError[K]) Error() string { return fmt.Sprintf("%v failed", e.Node) }

// Walk calls visit for each node, after it has returned nil for all that the
// node depends on, for at most parallelism nodes at the same time. Nodes that
// come after a failed one are not visited; all others are. When ctx is done, no
// further visit starts, and Walk waits for those that run.
//
// For each node that is not visited skip is called once, never concurrently,
// with a *FailedError or the cause of ctx. The graph must hold no cycle.
func (g *Graph[K]) Walk(ctx context.Context, parallelism int, visit func(K) error, skip func(K, error)) {
	w := walk[K]{Graph: g, skip: skip, waits: make([]int, len(g.nodes)), settled: make([]bool, len(g.nodes))}
	for i, d := range g.deps {
		if w.waits[i] = len(d); len(d) == 0 {
			w.ready = append(w.ready, i)
		}
	}
	type visited struct {
		node int
		err  error
	}
	done := make(chan visited)
	for running := 0; ; {
		for running < max(1, parallelism) && len(w.ready) > 0 && ctx.Err() == nil {
			n := w.ready[0]
			w.ready = w.ready[1:]
			w.settled[n] = true
			running++
			go func() { done <- visited{n, visit(g.nodes[n])} }()
		}
		if running == 0 {
			break
		}
		v := <-done
		running--
		w.finished(v.node, v.err)
	}
	for n, settled := range w.settled {
		if !settled {
			skip(g.nodes[n], context.Cause(ctx))
		}
	}
}

type walk[K comparable] struct {
	*Graph[K]
	skip    func(K, error)
	waits   []int  // by node: how many dependencies are not done
	settled []bool // by node: visited, being visited, or skipped
	ready   []int
}

func (w *walk[K]) finished(n int, err error) {
	if err == nil {
		for _, u := range w.users[n] {
			if w.waits[u]--; w.waits[u] == 0 && !w.settled[u] {
				w.ready = append(w.ready, u)
			}
		}
		return
	}
	failed := &FailedError[K]{Node: w.nodes[n], Err: err}
	for stack := []int{n}; len(stack) > 0; {
		last := len(stack) - 1
		users := w.users[stack[last]]
		stack = stack[:last]
		for _, u := range users {
			if !w.settled[u] {
				w.settled[u] = true
				w.skip(w.nodes[u], failed)
				stack = append(stack, u)
			}
		}
	}
}
