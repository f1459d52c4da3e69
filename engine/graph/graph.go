package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Graph is a set of nodes, of which some depend on others. The zero value is
// empty and ready.
type Graph[K comparable] struct {
	nodes []K
	index map[K]int
	deps  [][]int // by node: what it depends on
	users [][]int // by node: what depends on it
}

// Add adds a node, unless it is there already.
func (g *Graph[K]) Add(k K) { g.add(k) }

func (g *Graph[K]) add(k K) int {
	if i, ok := g.index[k]; ok {
		return i
	}
	if g.index == nil {
		g.index = map[K]int{}
	}
	i := len(g.nodes)
	g.index[k] = i
	g.nodes = append(g.nodes, k)
	g.deps = append(g.deps, nil)
	g.users = append(g.users, nil)
	return i
}

// Depend says that node needs on first. Nodes that are not there are added.
func (g *Graph[K]) Depend(node, on K) {
	n, o := g.add(node), g.add(on)
	g.deps[n] = append(g.deps[n], o)
	g.users[o] = append(g.users[o], n)
}

// Needs are the nodes that a node depends on.
func (g *Graph[K]) Needs(k K) []K {
	i, ok := g.index[k]
	if !ok {
		return nil
	}
	out := make([]K, len(g.deps[i]))
	for j, d := range g.deps[i] {
		out[j] = g.nodes[d]
	}
	return out
}

// CycleError names nodes that wait for each other: each depends on the next,
// and the last on the first.
type CycleError[K comparable] struct{ Nodes []K }

func (e *CycleError[K]) Error() string {
	names := make([]string, 0, len(e.Nodes)+1)
	for _, n := range e.Nodes {
		names = append(names, fmt.Sprint(n))
	}
	if len(names) > 0 {
		names = append(names, names[0])
	}
	return "a cycle: " + strings.Join(names, " needs ")
}

// Order lists the nodes, each after those that it depends on, otherwise in the
// order in which they were added. The error is a *CycleError.
func (g *Graph[K]) Order() ([]K, error) {
	waits := make([]int, len(g.nodes))
	queue := make([]int, 0, len(g.nodes))
	for i, d := range g.deps {
		waits[i] = len(d)
		if len(d) == 0 {
			queue = append(queue, i)
		}
	}
	out := make([]K, 0, len(g.nodes))
	for done := 0; done < len(queue); done++ {
		out = append(out, g.nodes[queue[done]])
		for _, u := range g.users[queue[done]] {
			if waits[u]--; waits[u] == 0 {
				queue = append(queue, u)
			}
		}
	}
	if len(out) < len(g.nodes) {
		return nil, &CycleError[K]{Nodes: g.cycle(waits)}
	}
	return out, nil
}

// cycle finds one among the nodes that still wait: from any of them a
// dependency that waits can be followed, until a node comes again.
func (g *Graph[K]) cycle(waits []int) []K {
	at := slices.IndexFunc(waits, func(n int) bool { return n > 0 })
	seen := map[int]int{}
	var trail []int
	for {
		if start, ok := seen[at]; ok {
			trail = trail[start:]
			break
		}
		seen[at] = len(trail)
		trail = append(trail, at)
		for _, d := range g.deps[at] {
			if waits[d] > 0 {
				at = d
				break
			}
		}
	}
	out := make([]K, len(trail))
	for i, n := range trail {
		out[i] = g.nodes[n]
	}
	return out
}
