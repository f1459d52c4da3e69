package upstream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"sync"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// lineSlack is what the SDK may read beyond a message of the largest size.
const lineSlack = 64 << 10

// lines reads messages, one a line. A message that is too large is left out; when
// it answers a request, the answer is an error in its place, so that whoever waits
// learns of it, and the connection goes on.
type lines struct {
	from  io.ReadCloser
	in    *bufio.Reader
	limit int
	ready []byte // of the present line, not read yet
}

func newLines(from io.ReadCloser, limit int) *lines {
	return &lines{from: from, in: bufio.NewReaderSize(from, 32<<10), limit: limit}
}

// Close closes what is read from.
func (l *lines) Close() error { return l.from.Close() }

func (l *lines) Read(p []byte) (int, error) {
	for len(l.ready) == 0 {
		line, err := l.next()
		if err != nil {
			return 0, err
		}
		l.ready = line
	}
	n := copy(p, l.ready)
	l.ready = l.ready[n:]
	return n, nil
}

// next reads a line, with the character that ends it.
func (l *lines) next() ([]byte, error) {
	var line []byte
	for {
		part, err := l.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > l.limit+1:
			return l.skip(line, err)
		case err == nil && isMessage(line):
			return line, nil
		case err == nil:
			return nil, nil // something else that the program printed
		case err != bufio.ErrBufferFull:
			return nil, err
		}
	}
}

func isMessage(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) > 0 && (line[0] == '{' || line[0] == '[')
}

// tailLength is how much of the end of a message is looked at for its id.
const tailLength = 256

// skip reads to the end of a line that is too long, and answers in its place.
func (l *lines) skip(head []byte, err error) ([]byte, error) {
	tail := append([]byte(nil), head[max(0, len(head)-tailLength):]...)
	for err == bufio.ErrBufferFull {
		var part []byte
		part, err = l.in.ReadSlice('\n')
		tail = append(tail, part...)
		tail = tail[max(0, len(tail)-tailLength):]
	}
	if err != nil {
		return nil, err
	}
	id := answeredID(head[:min(len(head), tailLength)], tail)
	if id == nil {
		return nil, nil // nobody waits for it
	}
	return append(tooLarge(id, l.limit), '\n'), nil
}

// Where the id of an answer stands: by the member after it, or as the last one.
var (
	leadingID = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\s*\{(?:"jsonrpc":\s*"2\.0",\s*)?"id":\s*([0-9]+|"[^"\\]*")\s*,(?:\s*"jsonrpc":\s*"2\.0",)?\s*"(?:result|error)"`)
	})
	trailingID = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[}\]"el0-9],\s*(?:"jsonrpc":\s*"2\.0",\s*)?"id":\s*([0-9]+|"[^"\\]*")(?:\s*,\s*"jsonrpc":\s*"2\.0")?\s*\}\s*$`)
	})
)

// answeredID is the id of the request that a message of this beginning and end
// answers; nil when it cannot be seen.
func answeredID(head, tail []byte) json.RawMessage {
	if m := leadingID().FindSubmatch(head); m != nil {
		return m[1]
	}
	if m := trailingID().FindSubmatch(tail); m != nil {
		return m[1]
	}
	return nil
}

// tooLarge is the answer to a request whose true answer is too large.
func tooLarge(id json.RawMessage, limit int) []byte {
	return protocol.AppendError(nil, id, protocol.NewError(protocol.InternalError, "%s", errLarge(limit)))
}

func errLarge(limit int) string {
	return fmt.Sprintf("the answer is larger than response_limit, %s", schemas.Size(limit))
}
