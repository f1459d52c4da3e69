package transport

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// ServeHTTP answers HTTP requests: the MCP endpoint itself, Others the rest.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.secure(w.Header())
	select {
	case <-f.drained:
		if f.passing.Load() == nil {
			w.Header().Set("Connection", "close")
		}
	default:
	}
	pipe := f.SSEPath != "" && r.URL.Path == f.SSEPath
	if r.URL.Path != f.Path && !pipe {
		f.Others.ServeHTTP(w, r)
		return
	}
	if err := f.checkOrigin(r); err != nil {
		f.refuse(w, r, nil, "origin", http.StatusForbidden, protocol.NewError(protocol.InvalidRequest, "%v", err))
		return
	}
	if crossOrigin(w, r) {
		return
	}
	id, refusal := f.Gate().HTTP(r)
	if refusal != nil {
		f.refuseClient(w, r, refusal)
		return
	}
	if pipe {
		f.servePipe(w, r, id)
		return
	}
	switch r.Method {
	case http.MethodPost:
		f.post(w, r, id)
	case http.MethodGet:
		f.get(w, r, id)
	case http.MethodDelete:
		f.delete(w, r, id)
	default:
		w.Header().Set("Allow", "POST, GET, DELETE")
		f.refuse(w, r, id, malformed, http.StatusMethodNotAllowed, protocol.NewError(protocol.InvalidRequest, "the method %s is not allowed here", r.Method))
	}
}

// checkOrigin checks a request's Host and Origin. A visitor that is not a page and
// asks for the host that it asked for before is let in as before.
func (f *Front) checkOrigin(r *http.Request) error {
	v := visitorOf(r)
	if r.Host == v.host && r.Host != "" && r.Header["Origin"] == nil {
		return nil
	}
	err := f.Origin.Check(r)
	if err == nil {
		v.host = r.Host
	}
	return err
}

// header is the first value of a header whose name is in its canonical form.
func header(r *http.Request, name string) string {
	if values := r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// isJSON reports whether a Content-Type is that of JSON.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == "application/json"
}

// Reasons of refusals, as in metrics.
const (
	malformed = "malformed"  // is no message of MCP, or not sent as one is
	noSession = "no_session" // is of a session that has ended, or never was
)

// refuse answers with an error that belongs to no request, and has it counted and
// recorded.
func (f *Front) refuse(w http.ResponseWriter, r *http.Request, id *auth.Identity, reason string, status int, err *protocol.Error) {
	f.Refused(Refusal{reason, requester(r, id), status})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(protocol.AppendError(nil, nil, err))
}

// refuseClient answers a client that is not let in.
func (f *Front) refuseClient(w http.ResponseWriter, r *http.Request, refusal *auth.Refusal) {
	writeRefusal(w.Header(), refusal.Challenges, refusal.RetryAfter)
	f.refuse(w, r, nil, "auth", refusal.Status, refusedError(refusal))
}

// writeRefusal sets the headers that say what a refused client can do.
func writeRefusal(h http.Header, challenges []string, retryAfter time.Duration) {
	if len(challenges) > 0 {
		h["Www-Authenticate"] = challenges
	}
	if retryAfter > 0 {
		seconds := (retryAfter + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.Itoa(int(seconds)))
	}
}

// refusedError is a refusal as a JSON-RPC error.
func refusedError(refusal *auth.Refusal) *protocol.Error {
	return protocol.NewError(refusal.Status, "%s", refusal.Message)
}

// crossOrigin lets the scripts of a page whose origin was checked read the answer
// (the WHATWG Fetch standard, "CORS protocol"). It reports whether the request
// was only the browser's question whether it may ask.
func crossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := header(r, "Origin")
	if origin == "" {
		return false
	}
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", protocol.HeaderSession+", Retry-After, WWW-Authenticate")
	h.Add("Vary", "Origin")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "POST, GET, DELETE")
	h.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

func (f *Front) post(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	begun := time.Now()
	if !isJSON(header(r, "Content-Type")) {
		f.refuse(w, r, id, malformed, http.StatusUnsupportedMediaType, protocol.NewError(protocol.InvalidRequest, "the Content-Type must be application/json"))
		return
	}
	version, s, ok := f.settled(w, r, id)
	if !ok {
		return
	}
	control := http.NewResponseController(w)
	hold := f.Memory.Hold()
	defer hold.Release()
	data, err := f.body(w, r, hold)
	defer recycle(data)
	if err != nil {
		return
	}
	control.SetReadDeadline(time.Time{})
	if refusal := f.Gate().Body(id, data); refusal != nil {
		f.refuseClient(w, r, refusal)
		return
	}
	p := &posted{front: f, w: w, control: control, session: s}
	x := &p.exchange
	*x = Exchange{
		Data: data, Client: requester(r, id), Identity: id, Header: r.Header, Version: version,
		Streams: strings.Contains(header(r, "Accept"), "text/event-stream"), Begun: begun, Hold: hold, way: p,
	}
	if s != nil {
		x.Peer = &s.Client
	}
	ctx := r.Context()
	if !protocol.Version(header(r, protocol.HeaderVersion)).Modern() {
		// A client of the older era that goes away has not cancelled (MCP
		// 2025-11-25, basic/transports), and one that half-closes wants its answer.
		ctx = f.base
	}
	f.Handler.Handle(ctx, x)
}

// settled finds out the version that the request is under, and its session if it
// has one. It has answered when ok is false.
func (f *Front) settled(w http.ResponseWriter, r *http.Request, id *auth.Identity) (v protocol.Version, s *session.Session, ok bool) {
	v = versionOf(r)
	if v.Served() && v.Modern() {
		return v, nil, true // sessions mean nothing to it
	}
	if name := header(r, protocol.HeaderSession); name != "" {
		if s = f.session(name, id); s == nil {
			f.refuse(w, r, id, noSession, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "the session has ended; initialize a new one"))
			return v, nil, false
		}
		if v == protocol.Undeclared || v.Served() {
			v = s.Version
		}
	}
	return v, s, true
}

// versionOf is the version that a request says it is under, which need not be one
// that is served.
func versionOf(r *http.Request) protocol.Version {
	if v := header(r, protocol.HeaderVersion); v != "" {
		return protocol.Version(v)
	}
	return protocol.Undeclared
}

// refuseVersion refuses what carries no message, under a version that is not served.
func (f *Front) refuseVersion(w http.ResponseWriter, r *http.Request, id *auth.Identity, v protocol.Version) {
	f.refuse(w, r, id, malformed, http.StatusBadRequest, protocol.NotServed(string(v), false))
}

// session returns the session of that name if it is this client's, else nil.
func (f *Front) session(name string, id *auth.Identity) *session.Session {
	if s := f.Sessions.Get(name); s != nil && s.Owner == id.String() {
		return s
	}
	return nil
}

// body reads the body into a pooled buffer, for which it takes memory. It has
// answered when there is an error.
func (f *Front) body(w http.ResponseWriter, r *http.Request, hold *memory.Hold) ([]byte, error) {
	most := int64(f.Limits.RequestSize)
	if r.ContentLength > f.Memory.Most() && r.ContentLength <= most {
		return nil, f.noRoomEver(w, r)
	}
	buf := Buffer()
	if n := max(r.ContentLength+1, 512); n > int64(cap(buf)) && n <= maxPooled {
		buf = slices.Grow(buf, int(n))
	}
	body := r.Body
	if r.ContentLength < 0 || r.ContentLength > most {
		body = http.MaxBytesReader(w, body, most)
	}
	held := 0
	for {
		if len(buf) > max(held, memory.Small) {
			if !hold.Take(cap(buf) - held) {
				recycle(buf) // before the rest is read, which may take its time
				hold.Drop()
				return nil, f.noRoom(w, r)
			}
			held = cap(buf)
		}
		if len(buf) == cap(buf) {
			larger := make([]byte, len(buf), len(buf)+grows(len(buf), r.ContentLength)) // no more, as all of it is held
			copy(larger, buf)
			recycle(buf)
			buf = larger
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			hold.Must(len(buf) - held)
			return buf, nil
		}
		if err != nil {
			var large *http.MaxBytesError
			reason, status, why := malformed, http.StatusBadRequest, "cannot be read: "+err.Error()
			if errors.As(err, &large) {
				reason, status = "size", http.StatusRequestEntityTooLarge
			} else if errors.Is(err, os.ErrDeadlineExceeded) {
				why = "did not come within limits.body_timeout, " + time.Duration(f.Limits.BodyTimeout).String()
			}
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(f.writeTimeout())) // the time of the answer begins
			f.refuse(w, r, nil, reason, status, protocol.NewError(protocol.InvalidRequest, "the body %s", why))
			return buf, err
		}
	}
}

func (f *Front) delete(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	name := r.Header.Get(protocol.HeaderSession)
	switch v := versionOf(r); {
	case !v.Served():
		f.refuseVersion(w, r, id, v)
	case name == "":
		f.refuse(w, r, id, malformed, http.StatusBadRequest, protocol.NewError(protocol.InvalidRequest, "there is no %s header", protocol.HeaderSession))
	case f.session(name, id) == nil || !f.Sessions.Close(name):
		f.refuse(w, r, id, noSession, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "there is no such session"))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
