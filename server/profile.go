package server

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"time"
)

// profile records what the process does, as go tool pprof reads it: for as long as
// span for the kind "cpu", at the moment for the others.
func profile(ctx context.Context, kind string, span time.Duration) ([]byte, error) {
	var out bytes.Buffer
	if kind == "cpu" {
		if err := pprof.StartCPUProfile(&out); err != nil {
			return nil, fmt.Errorf("record a profile: %w", err)
		}
		select {
		case <-time.After(span):
		case <-ctx.Done():
		}
		pprof.StopCPUProfile()
		return out.Bytes(), nil
	}
	p := pprof.Lookup(kind)
	if p == nil {
		return nil, fmt.Errorf("there is no profile %q; there are cpu, heap, allocs and goroutine", kind)
	}
	if kind == "heap" {
		runtime.GC() // or it would be that of the last collection
	}
	if err := p.WriteTo(&out, 0); err != nil {
		return nil, fmt.Errorf("record a profile: %w", err)
	}
	return out.Bytes(), nil
}
