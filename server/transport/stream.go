package transport

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// KeepAlivePeriod is how often a quiet event stream says that it is still there,
// so that nothing between closes it.
const KeepAlivePeriod = 25 * time.Second

// beginEvents answers with an event stream (the WHATWG HTML standard,
// "Server-sent events").
func beginEvents(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
}

// writeEvent sends one message as an event; id is what the client says when it
// comes back, "" when it cannot. Messages hold no line breaks, as the encoder
// escapes them.
func writeEvent(w http.ResponseWriter, control *http.ResponseController, id string, message []byte) error {
	buf := Buffer()
	if id != "" {
		buf = append(append(append(buf, "id: "...), id...), '\n')
	}
	buf = append(buf, "event: message\ndata: "...)
	buf = append(append(buf, message...), "\n\n"...)
	_, err := w.Write(buf)
	recycle(buf)
	if err != nil {
		return err
	}
	return control.Flush()
}

// comeBack is after how many milliseconds clients come back to a stream that has
// ended.
const comeBack = "1000"

// writePrimer sends an event that has an id and no message.
func writePrimer(w http.ResponseWriter, control *http.ResponseController, id string) error {
	if _, err := w.Write([]byte("id: " + id + "\nretry: " + comeBack + "\ndata: \n\n")); err != nil {
		return err
	}
	return control.Flush()
}

// writeComment sends an empty comment, which clients pass over.
func writeComment(w http.ResponseWriter, control *http.ResponseController, patience time.Duration) error {
	control.SetWriteDeadline(time.Now().Add(patience))
	if _, err := w.Write([]byte(":\n\n")); err != nil {
		return err
	}
	return control.Flush()
}

// get opens the stream on which a client of the older era hears of changes, or
// takes up a stream that it has lost (MCP 2025-11-25, basic/transports,
// "Listening for Messages from the Server").
func (f *Front) get(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	name := r.Header.Get(protocol.HeaderSession)
	switch v := versionOf(r); {
	case !v.Served():
		f.refuseVersion(w, r, id, v)
		return
	case v.Modern():
		w.Header().Set("Allow", "POST")
		f.refuse(w, r, id, malformed, http.StatusMethodNotAllowed, protocol.NewError(protocol.InvalidRequest, "use %s", protocol.SubscriptionsListen))
		return
	case !strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		f.refuse(w, r, id, malformed, http.StatusNotAcceptable, protocol.NewError(protocol.InvalidRequest, "the Accept header must list text/event-stream"))
		return
	case name == "":
		f.refuse(w, r, id, malformed, http.StatusBadRequest, protocol.NewError(protocol.InvalidRequest, "there is no %s header; initialize first", protocol.HeaderSession))
		return
	}
	s := f.session(name, id)
	if s == nil {
		f.refuse(w, r, id, noSession, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "the session has ended; initialize a new one"))
		return
	}
	l := &listener{front: f, w: w, r: r, control: http.NewResponseController(w), session: s, name: name}
	last := r.Header.Get("Last-Event-Id")
	revision, ofChanges := strings.CutPrefix(last, changesPrefix)
	if last != "" && !ofChanges {
		l.resume(last, id)
		return
	}
	if n, err := strconv.ParseUint(revision, 10, 64); err == nil {
		s.Tell(min(n, f.Feed.Revision())) // what came after may be lost
	}
	l.changes()
}

// changesPrefix is what event IDs of streams of changes begin with; the revision
// of the feed follows. Other streams count from 1.
const changesPrefix = "0-"

// listener is a GET request whose answer is an event stream.
type listener struct {
	front   *Front
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	session *session.Session
	name    string // of the session
}

func (l *listener) begin() bool {
	l.control.SetReadDeadline(time.Time{})
	beginEvents(l.w)
	return l.control.Flush() == nil
}

// send sends an event within the time that a client has to take it.
func (l *listener) send(id string, message []byte) bool {
	l.control.SetWriteDeadline(time.Now().Add(l.front.writeTimeout()))
	return writeEvent(l.w, l.control, id, message) == nil
}

// wait waits until there is more, and reports false when the stream must end.
func (l *listener) wait(more, ended <-chan struct{}, tick <-chan time.Time) bool {
	for {
		select {
		case <-more:
			return true
		case <-tick:
			l.front.Sessions.Get(l.name) // a session with an open stream is in use
			if writeComment(l.w, l.control, l.front.writeTimeout()) != nil {
				return false
			}
		case <-ended:
			return false
		case <-l.r.Context().Done():
			return false
		case <-l.front.drained:
			return false
		}
	}
}

// changes tells of changed lists and resources until the client goes away or
// opens another stream. What could not be sent is told on the next one.
func (l *listener) changes() {
	ended, closeStream := l.session.OpenStream()
	defer closeStream()
	if !l.begin() {
		return
	}
	tick := time.NewTicker(KeepAlivePeriod)
	defer tick.Stop()
	for {
		news, revision, next := l.front.Feed.Since(l.session.Told(), l.session.Subscribed())
		id := changesPrefix + strconv.FormatUint(revision, 10)
		for _, method := range news.Notifications() {
			if !l.send(id, protocol.AppendNotification(nil, method, nil)) {
				return
			}
		}
		for _, uri := range news.Updated {
			if !l.send(id, protocol.AppendUpdated(nil, uri, nil)) {
				return
			}
		}
		l.session.Tell(revision)
		if !l.wait(next, ended, tick.C) {
			return
		}
	}
}

// resume takes up the stream of a POST after the event of that id.
func (l *listener) resume(last string, id *auth.Identity) {
	events := l.front.Sessions.Events
	carrier, err := events.Resume(l.session, last)
	if err != nil && l.front.Sessions.Missing != nil {
		l.front.Sessions.Missing()
		carrier, err = events.Resume(l.session, last)
	}
	if err != nil {
		l.front.refuse(l.w, l.r, id, malformed, http.StatusBadRequest, protocol.NewError(protocol.InvalidRequest, "Last-Event-ID: %v", err))
		return
	}
	if !l.begin() {
		return
	}
	tick := time.NewTicker(KeepAlivePeriod)
	defer tick.Stop()
	for {
		events, number, more, goesOn := carrier.Next()
		for i, message := range events {
			if !l.send(carrier.Stream().ID(number+i), message) {
				return
			}
		}
		if !goesOn || !l.wait(more, nil, tick.C) {
			return
		}
	}
}
