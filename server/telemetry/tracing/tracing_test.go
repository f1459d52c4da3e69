package tracing

import (
	"net/http/httptest"
	"testing"
)

func TestOutsideOfATraceNothingIsAllocated(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	if n := testing.AllocsPerRun(100, func() {
		c := Outgoing(r)
		c.Answered(200)
		c.Failed("no_response")
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
	if r.Header.Get("Traceparent") != "" {
		t.Error("there is a trace where there was none")
	}
}
