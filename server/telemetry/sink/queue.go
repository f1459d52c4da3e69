package sink

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// closeWait is how long a sink that is closed goes on sending what is queued.
const closeWait = time.Second

// queue hands messages to a goroutine that sends them, so that whoever logs does
// not wait. It holds a bounded number of bytes and of messages.
type queue struct {
	messages chan message
	most     int64 // bytes
	held     atomic.Int64
	dropped  atomic.Int64 // since it was last asked
	once     sync.Once
	quit     chan struct{}
	done     chan struct{}
}

type message struct {
	severity int
	text     []byte
}

// maxQueued is how many messages a queue holds at the most.
const maxQueued = 4096

// newQueue returns a queue that serve empties until it returns; serve must return
// soon once quit is closed.
func newQueue(most int64, serve func(*queue)) *queue {
	q := &queue{messages: make(chan message, maxQueued), most: most, quit: make(chan struct{}), done: make(chan struct{})}
	go func() { // ends with Close
		defer close(q.done)
		serve(q)
	}()
	return q
}

// put queues a copy of the text, or drops it when there is no room.
func (q *queue) put(severity int, text []byte) {
	size := int64(len(text))
	if q.held.Add(size) > q.most {
		q.held.Add(-size)
		q.dropped.Add(1)
		return
	}
	select {
	case q.messages <- message{severity, append([]byte(nil), text...)}:
	default:
		q.held.Add(-size)
		q.dropped.Add(1)
	}
}

// took notes that messages have left the queue, with that many bytes.
func (q *queue) took(bytes int) { q.held.Add(-int64(bytes)) }

// Close stops the goroutine, or leaves it to its fate when it hangs.
func (q *queue) Close() error {
	q.once.Do(func() { close(q.quit) })
	select {
	case <-q.done:
	case <-time.After(closeWait):
	}
	return nil
}

const (
	firstPause = 100 * time.Millisecond // before what could not be sent is sent again
	longPause  = 30 * time.Second       // the pause doubles up to this
)

// each sends message by message. One that cannot be sent is tried again after a
// pause, while the queue fills; a closed queue is emptied until one fails.
func (q *queue) each(send func(message) error) {
	for {
		select {
		case m := <-q.messages:
			if !q.insist(func() error { return send(m) }) {
				return
			}
			q.took(len(m.text))
		case <-q.quit:
			for {
				select {
				case m := <-q.messages:
					if send(m) != nil {
						return
					}
				default:
					return
				}
			}
		}
	}
}

// insist sends until it succeeds; false when the queue was closed before.
func (q *queue) insist(send func() error) bool {
	for pause := firstPause; send() != nil; pause = min(2*pause, longPause) {
		select {
		case <-time.After(pause):
		case <-q.quit:
			return send() == nil
		}
	}
	return true
}

// lost says how many messages were dropped since it was last asked; "" when none
// were.
func (q *queue) lost() string {
	if n := q.dropped.Swap(0); n > 0 {
		return strconv.FormatInt(n, 10) + " log lines were dropped, as they came faster than they could be sent"
	}
	return ""
}
