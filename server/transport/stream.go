package transport

import (
	"net/http"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/protocol"
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

// writeEvent sends one message as an event. Messages hold no line breaks, as the
// encoder escapes them.
func writeEvent(w http.ResponseWriter, control *http.ResponseController, message []byte) error {
	buf := append(Buffer(), "event: message\ndata: "...)
	buf = append(append(buf, message...), "\n\n"...)
	_, err := w.Write(buf)
	recycle(buf)
	if err != nil {
		return err
	}
	return control.Flush()
}

// writeComment sends an empty comment, which clients pass over.
func writeComment(w http.ResponseWriter, control *http.ResponseController) error {
	control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := w.Write([]byte(":\n\n")); err != nil {
		return err
	}
	return control.Flush()
}

// get opens the stream on which a client of the older era hears of changes (MCP
// 2025-11-25, basic/transports, "Listening for Messages from the Server").
func (f *Front) get(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	name := r.Header.Get(protocol.HeaderSession)
	switch {
	case protocol.Version(r.Header.Get(protocol.HeaderVersion)).Modern():
		w.Header().Set("Allow", "POST")
		refuse(w, http.StatusMethodNotAllowed, protocol.NewError(protocol.InvalidRequest, "use %s", protocol.SubscriptionsListen))
		return
	case !strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		refuse(w, http.StatusNotAcceptable, protocol.NewError(protocol.InvalidRequest, "the Accept header must list text/event-stream"))
		return
	case name == "":
		refuse(w, http.StatusBadRequest, protocol.NewError(protocol.InvalidRequest, "there is no %s header; initialize first", protocol.HeaderSession))
		return
	}
	s := f.session(name, id)
	if s == nil {
		refuse(w, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "the session has ended; initialize a new one"))
		return
	}
	ended, closeStream := s.OpenStream()
	defer closeStream()
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{})
	beginEvents(w)
	if control.Flush() != nil {
		return
	}
	tick := time.NewTicker(KeepAlivePeriod)
	defer tick.Stop()
	for {
		news, revision, next := f.Feed.Since(s.Told())
		control.SetWriteDeadline(time.Now().Add(writeTimeout))
		for _, method := range news.Notifications() {
			if writeEvent(w, control, protocol.AppendNotification(nil, method, nil)) != nil {
				return
			}
		}
		s.Tell(revision)
		select {
		case <-next:
		case <-tick.C:
			f.Sessions.Get(name) // a session with an open stream is in use
			if writeComment(w, control) != nil {
				return
			}
		case <-ended:
			return
		case <-r.Context().Done():
			return
		case <-f.drained:
			return
		}
	}
}
