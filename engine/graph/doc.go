// Package graph orders things that depend on each other, and walks them.
//
// A [Graph] holds nodes and the edges between them; [Graph.Order] sorts it or
// names a cycle, and [Graph.Walk] visits it with bounded parallelism. It knows
// nothing of what the nodes are. Both are linear in nodes and edges, and the
// order depends on nothing but the order in which nodes were added.
package graph
