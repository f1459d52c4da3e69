package transport

import (
	"errors"
	"io"
	"mime"
	"net/http"
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
		w.Header().Set("Connection", "close")
	default:
	}
	pipe := f.SSEPath != "" && r.URL.Path == f.SSEPath
	if r.URL.Path != f.Path && !pipe {
		f.Others.ServeHTTP(w, r)
		return
	}
	if err := f.Origin.Check(r); err != nil {
		f.Refused(Refusal{"origin", requester(r, nil), http.StatusForbidden})
		refuse(w, http.StatusForbidden, protocol.NewError(protocol.InvalidRequest, "%v", err))
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
		refuse(w, http.StatusMethodNotAllowed, protocol.NewError(protocol.InvalidRequest, "the method %s is not allowed here", r.Method))
	}
}

// refuse answers with an error that belongs to no request.
func refuse(w http.ResponseWriter, status int, err *protocol.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(protocol.AppendError(nil, nil, err))
}

// refuseClient answers a client that is not let in.
func (f *Front) refuseClient(w http.ResponseWriter, r *http.Request, refusal *auth.Refusal) {
	f.Refused(Refusal{"auth", requester(r, nil), refusal.Status})
	writeRefusal(w.Header(), refusal.Challenges, refusal.RetryAfter)
	refuse(w, refusal.Status, refusedError(refusal))
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
	origin := r.Header.Get("Origin")
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
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, protocol.NewError(protocol.InvalidRequest, "the Content-Type must be application/json"))
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
	x := &Exchange{
		Data: data, Client: requester(r, id), Identity: id, Header: r.Header, Version: version,
		Streams: strings.Contains(r.Header.Get("Accept"), "text/event-stream"), Begun: begun, Hold: hold,
	}
	if s != nil {
		x.Peer = &s.Client
	}
	x.way = &posted{front: f, w: w, control: control, session: s}
	ctx := r.Context()
	if !protocol.Version(r.Header.Get(protocol.HeaderVersion)).Modern() {
		// A client of the older era that goes away has not cancelled (MCP
		// 2025-11-25, basic/transports), and one that half-closes wants its answer.
		ctx = f.base
	}
	f.Handler.Handle(ctx, x)
}

// settled finds out the version that the request is under, and its session if it
// has one. It has answered when ok is false.
func (f *Front) settled(w http.ResponseWriter, r *http.Request, id *auth.Identity) (v protocol.Version, s *session.Session, ok bool) {
	v = protocol.Undeclared
	if header := protocol.Version(r.Header.Get(protocol.HeaderVersion)); header != "" {
		v = header
	}
	if v.Served() && v.Modern() {
		return v, nil, true // sessions mean nothing to it
	}
	if name := r.Header.Get(protocol.HeaderSession); name != "" {
		if s = f.session(name, id); s == nil {
			refuse(w, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "the session has ended; initialize a new one"))
			return v, nil, false
		}
		if v == protocol.Undeclared || v.Served() {
			v = s.Version
		}
	}
	return v, s, true
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
	body := http.MaxBytesReader(w, r.Body, most)
	held := 0
	for {
		if len(buf) > max(held, memory.Small) {
			if !hold.Take(cap(buf) - held) {
				return buf, f.noRoom(w, r)
			}
			held = cap(buf)
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, grows(cap(buf), r.ContentLength))
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			hold.Must(len(buf) - held)
			return buf, nil
		}
		if err != nil {
			var large *http.MaxBytesError
			status := http.StatusBadRequest
			if errors.As(err, &large) {
				status = http.StatusRequestEntityTooLarge
				f.Refused(Refusal{"size", requester(r, nil), status})
			}
			refuse(w, status, protocol.NewError(protocol.InvalidRequest, "the body cannot be read: %v", err))
			return buf, err
		}
	}
}

func (f *Front) delete(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	name := r.Header.Get(protocol.HeaderSession)
	switch {
	case name == "":
		refuse(w, http.StatusBadRequest, protocol.NewError(protocol.InvalidRequest, "there is no %s header", protocol.HeaderSession))
	case f.session(name, id) == nil || !f.Sessions.Close(name):
		refuse(w, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "there is no such session"))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
