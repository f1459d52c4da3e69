package view

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Busy says on a terminal what is being waited for, when it takes a moment, and
// takes the line away when stop is called. Elsewhere it writes nothing.
func Busy(w io.Writer, s Style, text string) (stop func()) {
	if !s.Live {
		return func() {}
	}
	begin, end := time.Now(), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				fmt.Fprint(w, "\r\x1b[K")
				return
			case now := <-ticker.C:
				if waited := now.Sub(begin); waited > 3*every {
					fmt.Fprintf(w, "\r\x1b[K%s", s.Paint(Dim, text+" "+elapsed(waited)))
				}
			}
		}
	})
	return func() {
		close(end)
		group.Wait()
	}
}
