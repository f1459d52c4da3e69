package upstream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/erlmcp/erlmcp/server/backend"
)

// exchangeTag is the member of _meta that says on the stream of which call a
// message has come. It never leaves this package.
const exchangeTag = "erlmcp/exchange"

// tagged is a stream of events (MCP 2025-11-25, basic/transports, "Sending
// Messages to the Server"). Requests and notifications of the upstream on it are
// marked with the call that the stream belongs to. A message that is too large is
// replaced by an error, as the answer to the request of that id.
type tagged struct {
	from     io.ReadCloser
	limit    int
	exchange string          // whose stream it is; "" for no call's
	id       json.RawMessage // of the request that it answers; nil for none
	failed   func(error)     // called when the stream is cut off
	ended    func()          // called when the stream ends; may be nil

	in    *bufio.Reader
	ready []byte
}

func (t *tagged) Close() error { return t.from.Close() }

func (t *tagged) Read(p []byte) (int, error) {
	if t.in == nil {
		t.in = bufio.NewReaderSize(t.from, 16<<10)
	}
	for len(t.ready) == 0 {
		line, err := t.next()
		if err != nil {
			if err != io.EOF {
				t.failed(errors.New(backend.Reason(err)))
			}
			if t.ended != nil {
				t.ended()
			}
			return 0, err
		}
		t.ready = line
	}
	n := copy(p, t.ready)
	t.ready = t.ready[n:]
	return n, nil
}

// next reads a line of the stream, with its end.
func (t *tagged) next() ([]byte, error) {
	var line []byte
	for {
		part, err := t.in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > t.limit+len("data: \r\n") {
			return t.skip(err)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil && len(line) == 0 {
			return nil, err
		}
		return t.tag(line), nil
	}
}

func (t *tagged) skip(err error) ([]byte, error) {
	for err == bufio.ErrBufferFull {
		_, err = t.in.ReadSlice('\n')
	}
	if err != nil || t.id == nil {
		return []byte("\n"), err
	}
	return append(append([]byte("data: "), tooLarge(t.id, t.limit)...), '\n'), nil
}

// tag marks a line of data that holds a request or notification.
func (t *tagged) tag(line []byte) []byte {
	data, ok := bytes.CutPrefix(line, []byte("data:"))
	if !ok || t.exchange == "" || !bytes.Contains(data, []byte(`"method"`)) {
		return line
	}
	var message, params, meta map[string]json.RawMessage
	if json.Unmarshal(data, &message) != nil || message["method"] == nil {
		return line
	}
	if message["params"] != nil && json.Unmarshal(message["params"], &params) != nil ||
		params["_meta"] != nil && json.Unmarshal(params["_meta"], &meta) != nil {
		return line
	}
	if meta == nil {
		meta = map[string]json.RawMessage{}
	}
	if params == nil {
		params = map[string]json.RawMessage{}
	}
	meta[exchangeTag] = encoded(t.exchange)
	params["_meta"] = encoded(meta)
	message["params"] = encoded(params)
	return append(append([]byte("data: "), encoded(message)...), '\n')
}

// encoded encodes what was decoded from JSON.
func encoded(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}
