package transport

import "time"

// crew is the goroutines that do what may take long of messages of raw
// connections, as many as there is work at a time. One that has done its work
// waits a while for more, as its stack has grown to what a call needs by then: to
// grow that of a new goroutine takes longer than many a call.
type crew struct{ idle chan Work }

// spareFor is how long a goroutine waits for work before it ends.
const spareFor = time.Second

func newCrew() crew { return crew{idle: make(chan Work)} }

// do begins work at once, in a goroutine that waits for some or in a new one.
func (c crew) do(work Work) {
	select {
	case c.idle <- work:
	default:
		go c.serve(work) // ends when it has waited in vain
	}
}

func (c crew) serve(work Work) {
	patience := time.NewTimer(spareFor)
	defer patience.Stop()
	for {
		work.Run()
		work = nil // which would else be kept in memory
		patience.Reset(spareFor)
		select {
		case work = <-c.idle:
		case <-patience.C:
			return
		}
	}
}
