package transport

import (
	"bytes"
	"errors"
	"io"

	"github.com/erlmcp/erlmcp/server/memory"
)

// smallLine is the buffer of a connection that is idle.
const smallLine = 512

var errLineTooLong = errors.New("the message is too long")

// lines reads messages that end with a newline. An idle reader holds a small
// buffer only.
type lines struct {
	from       io.Reader
	most       int
	hold       *memory.Hold // of a buffer that is larger than small
	buf        []byte
	start, end int // what has been read and not yet given
	scanned    int // up to here there is no newline
}

// next returns the next message that is not blank, without its newline; it is
// valid until the call after. What stands before the end of the stream counts as
// a message too. After a deadline it can be called again.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.line()
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func (l *lines) line() ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buf[l.scanned:l.end], '\n'); i >= 0 {
			line := l.buf[l.start : l.scanned+i]
			if len(line) > l.most {
				return nil, errLineTooLong
			}
			l.start = l.scanned + i + 1
			l.scanned = l.start
			return line, nil
		}
		l.scanned = l.end
		if l.end-l.start > l.most {
			return nil, errLineTooLong
		}
		if !l.room() {
			return nil, errNoRoom
		}
		n, err := l.from.Read(l.buf[l.end:])
		l.end += n
		if n > 0 || err == nil {
			continue
		}
		if err != io.EOF {
			return nil, err
		}
		line := l.buf[l.start:l.end]
		l.start = l.end
		return line, err
	}
}

// room makes room for more to be read, and reports false when there is no memory
// for it.
func (l *lines) room() bool {
	switch {
	case l.start == l.end && len(l.buf) != smallLine:
		l.hold.Drop()
		l.buf = make([]byte, smallLine)
		l.start, l.end = 0, 0
	case l.start > 0:
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	case l.end == len(l.buf):
		size := min(4*len(l.buf), l.most+smallLine)
		if !l.hold.Take(size - len(l.buf)) {
			return false
		}
		bigger := make([]byte, size)
		copy(bigger, l.buf[:l.end])
		l.buf = bigger
	}
	l.scanned = l.end
	return true
}
