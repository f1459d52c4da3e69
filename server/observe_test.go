package server

import "testing"

func TestACallThatIsNotTracedPaysNothingForIt(t *testing.T) {
	c := &call{st: &state{}}
	if n := testing.AllocsPerRun(100, func() {
		c.beginSpan()
		c.endSpan(nil)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
