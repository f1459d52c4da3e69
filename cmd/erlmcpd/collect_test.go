package main

import "testing"

func TestPace(t *testing.T) {
	for _, c := range []struct {
		name string
		live uint64
		want int
	}{
		{"nothing is live", 0, 400},
		{"a small server", 4 << 20, 400},
		{"with some sessions", 8 << 20, 200},
		{"as large as the headroom", 16 << 20, 100},
		{"large", 1 << 30, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := pace(c.live); got != c.want {
				t.Errorf("pace(%d) = %d, want %d", c.live, got, c.want)
			}
		})
	}
}
