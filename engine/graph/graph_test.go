package graph

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func build(edges ...string) *Graph[string] {
	var g Graph[string]
	for _, e := range edges {
		node, on, found := strings.Cut(e, ">")
		g.Add(node)
		if found {
			g.Depend(node, on)
		}
	}
	return &g
}

func TestOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		edges []string
		want  string
	}{
		"empty":                      {nil, ""},
		"nodes stay as added":        {[]string{"c", "a", "b"}, "c a b"},
		"a dependency goes first":    {[]string{"a>b", "b>c"}, "c b a"},
		"a diamond":                  {[]string{"a>b", "a>c", "b>d", "c>d"}, "d b c a"},
		"the same edge twice counts": {[]string{"a>b", "a>b"}, "b a"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := build(tt.edges...).Order()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Fields(tt.want), got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOrderNamesACycle(t *testing.T) {
	_, err := build("x>a", "a>b", "b>c", "c>a", "a>d").Order()
	var cycle *CycleError[string]
	if !errors.As(err, &cycle) {
		t.Fatalf("got %v, want a cycle", err)
	}
	slices.Sort(cycle.Nodes)
	if got := strings.Join(cycle.Nodes, ""); got != "abc" {
		t.Errorf("the cycle is %q, want abc", got)
	}
}

func TestWalkLetsTheRestFinish(t *testing.T) {
	g := build("a", "b>a", "c>b", "x", "y>x")
	var mu sync.Mutex
	visited, skipped := []string{}, []string{}
	g.Walk(t.Context(), 3, func(k string) error {
		mu.Lock()
		defer mu.Unlock()
		visited = append(visited, k)
		if k == "a" {
			return errors.New("broken")
		}
		return nil
	}, func(k string, err error) {
		var failed *FailedError[string]
		if !errors.As(err, &failed) || failed.Node != "a" {
			t.Errorf("%s was skipped because of %v", k, err)
		}
		skipped = append(skipped, k)
	})
	slices.Sort(visited)
	slices.Sort(skipped)
	if strings.Join(visited, "") != "axy" || strings.Join(skipped, "") != "bc" {
		t.Errorf("visited %v, skipped %v", visited, skipped)
	}
}

func TestWalkStopsWithItsContext(t *testing.T) {
	g := build("a", "b>a", "c")
	ctx, cancel := context.WithCancel(t.Context())
	var skipped []string
	g.Walk(ctx, 1, func(k string) error {
		cancel()
		return nil
	}, func(k string, err error) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", k, err)
		}
		skipped = append(skipped, k)
	})
	if strings.Join(skipped, "") != "bc" {
		t.Errorf("skipped %v", skipped)
	}
}

// Whatever the shape, the failures and the parallelism: each node is visited or
// skipped once, after all that it needs, and never more run than allowed.
func TestWalkProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "nodes")
		var g Graph[int]
		needs := map[int][]int{}
		for i := range n {
			g.Add(i)
			if i == 0 {
				continue
			}
			for _, d := range rapid.SliceOfN(rapid.IntRange(0, i-1), 0, 3).Draw(t, "needs") {
				g.Depend(i, d)
				needs[i] = append(needs[i], d)
			}
		}
		failing := map[int]bool{}
		if n > 0 {
			for _, f := range rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 3).Draw(t, "failing") {
				failing[f] = true
			}
		}
		parallelism := rapid.IntRange(1, 5).Draw(t, "parallelism")

		var mu sync.Mutex
		ended := map[int]string{}
		var running atomic.Int32
		g.Walk(context.Background(), parallelism, func(i int) error {
			if now := running.Add(1); int(now) > parallelism {
				t.Errorf("%d visits at the same time, want at most %d", now, parallelism)
			}
			defer running.Add(-1)
			mu.Lock()
			defer mu.Unlock()
			for _, d := range needs[i] {
				if ended[d] != "done" {
					t.Errorf("%d was visited before %d was done", i, d)
				}
			}
			if ended[i] != "" {
				t.Errorf("%d comes twice", i)
			}
			if failing[i] {
				ended[i] = "failed"
				return errors.New("broken")
			}
			ended[i] = "done"
			return nil
		}, func(i int, _ error) {
			mu.Lock()
			defer mu.Unlock()
			if ended[i] != "" {
				t.Errorf("%d comes twice", i)
			}
			ended[i] = "skipped"
		})
		if len(ended) != n {
			t.Errorf("%d nodes ended, want %d", len(ended), n)
		}
	})
}
