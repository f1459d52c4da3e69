package backend

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/memory"
)

// head keeps the first bytes that are written to it.
type head struct {
	mu    sync.Mutex // a program may still write when its call is answered
	data  []byte
	limit int
	hold  *memory.Hold // that the bytes are held by
	cut   bool         // whether there were more
	short bool         // there was no memory for more
}

// Write takes everything, so that whoever writes goes on.
func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	keep := min(len(p), h.limit-len(h.data))
	if h.short || !h.hold.Take(keep) {
		h.short, keep = true, 0
	}
	h.data = append(h.data, p[:keep]...)
	h.cut = h.cut || keep < len(p)
	return len(p), nil
}

// starved reports whether memory was short.
func (h *head) starved() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.short
}

// text is what was kept, as valid UTF-8, with a mark where it was cut.
func (h *head) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	data := h.data
	if h.cut {
		data = data[:len(data)-partialRune(data)]
	}
	s := valid(data)
	if h.cut {
		s += "\n[cut after " + schemas.Size(h.limit).String() + "]"
	}
	return s
}

// tail keeps the last bytes that are written to it.
type tail struct {
	mu    sync.Mutex
	data  []byte
	limit int
}

// Write takes everything.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p[max(0, len(p)-t.limit):]...)
	t.data = t.data[max(0, len(t.data)-t.limit):]
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(valid(t.data))
}

func valid(data []byte) string { return strings.ToValidUTF8(string(data), "\ufffd") }

// partialRune is how many bytes at the end of data are the beginning of a
// character whose rest is missing.
func partialRune(data []byte) int {
	for n := 1; n <= min(len(data), utf8.UTFMax); n++ {
		if utf8.RuneStart(data[len(data)-n]) {
			if utf8.FullRune(data[len(data)-n:]) {
				return 0
			}
			return n
		}
	}
	return 0
}
