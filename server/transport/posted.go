package transport

import (
	"net/http"
	"strconv"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// posted is the way back of a message that was sent by POST: a JSON body, or an
// event stream from the first notification on.
//
// The stream of a session can be taken up again after its connection was lost:
// its events are kept, and what comes when there is no connection is kept too.
type posted struct {
	front   *Front
	w       http.ResponseWriter
	control *http.ResponseController
	session *session.Session // nil without one
	events  bool             // the answer is an event stream
	kept    *session.Stream  // nil when events are not kept
	gone    bool             // the connection is
}

func (p *posted) answer(a Answer) {
	defer recycle(a.Body)
	p.control.SetWriteDeadline(time.Now().Add(p.front.writeTimeout()))
	if p.events {
		if a.Body != nil {
			p.event(a.Body, true)
		}
		return
	}
	h := p.w.Header()
	if a.Session != "" {
		h.Set(protocol.HeaderSession, a.Session)
	}
	writeRefusal(h, a.Challenges, a.RetryAfter)
	status := a.Status
	if a.Body == nil {
		if status == 0 {
			status = http.StatusAccepted
		}
		p.w.WriteHeader(status)
		return
	}
	h["Content-Type"] = []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(len(a.Body))}
	if status != 0 {
		p.w.WriteHeader(status)
	}
	p.w.Write(a.Body)
}

func (p *posted) notify(message []byte) error {
	if !p.events {
		p.begin()
	}
	p.control.SetWriteDeadline(time.Now().Add(p.front.writeTimeout()))
	return p.event(message, false)
}

// begin turns the answer into an event stream. Clients that know it are given an
// event without a message first, from which they can take the stream up (MCP
// 2025-11-25, basic/transports, "Sending Messages to the Server").
func (p *posted) begin() {
	p.events = true
	beginEvents(p.w)
	if p.session == nil {
		return
	}
	p.kept = p.front.Sessions.Events.Open(p.session)
	if p.session.Version >= protocol.V20251125 {
		p.gone = writePrimer(p.w, p.control, p.kept.ID(0)) != nil
	}
}

// event sends a message, the last one of the stream if so said. Of a stream that
// is kept no connection is needed.
func (p *posted) event(message []byte, last bool) error {
	if p.kept == nil {
		return writeEvent(p.w, p.control, "", message)
	}
	number, mine := p.kept.Append(message, last)
	p.gone = p.gone || !mine || writeEvent(p.w, p.control, p.kept.ID(number), message) != nil
	if last && !p.gone {
		p.kept.Delivered()
	}
	return nil
}

// hangUp ends the event stream while the work for it goes on in this goroutine,
// which therefore takes the connection from net/http and ends the body itself.
func (p *posted) hangUp() {
	if p.session == nil || p.session.Version < protocol.V20251125 || p.gone {
		return
	}
	if !p.events {
		p.begin()
	}
	conn, buffered, err := p.control.Hijack()
	p.gone = true
	if err != nil {
		return // the stream goes on, and its events are kept all the same
	}
	conn.SetWriteDeadline(time.Now().Add(p.front.writeTimeout()))
	buffered.WriteString("0\r\n\r\n") // RFC 9112, section 7.1: the last chunk
	buffered.Flush()
	conn.Close()
}

func (p *posted) keepAlive() error {
	if !p.events || p.gone {
		return nil
	}
	return writeComment(p.w, p.control, p.front.writeTimeout())
}

func (p *posted) detach(work func()) { work() }

func (p *posted) stopping() <-chan struct{} { return p.front.drained }
