package transport

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// bodyTimeout is the longest time that a client may take to send a body, and
// writeTimeout to take in an answer, after which its connection is closed.
const (
	bodyTimeout  = 30 * time.Second
	writeTimeout = 30 * time.Second
)

// ServeHTTP answers HTTP requests: the MCP endpoint itself, Others the rest.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case <-f.drained:
		w.Header().Set("Connection", "close")
	default:
	}
	if r.URL.Path != f.Path {
		f.Others.ServeHTTP(w, r)
		return
	}
	if err := f.Origin.Check(r); err != nil {
		f.Metrics.Refused("origin")
		refuse(w, http.StatusForbidden, protocol.NewError(protocol.InvalidRequest, "%v", err))
		return
	}
	if crossOrigin(w, r) {
		return
	}
	switch r.Method {
	case http.MethodPost:
		f.post(w, r)
	case http.MethodGet:
		f.get(w, r)
	case http.MethodDelete:
		f.delete(w, r)
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
	h.Set("Access-Control-Expose-Headers", protocol.HeaderSession+", Retry-After")
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

func (f *Front) post(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, protocol.NewError(protocol.InvalidRequest, "the Content-Type must be application/json"))
		return
	}
	version, s, ok := f.settled(w, r)
	if !ok {
		return
	}
	control := http.NewResponseController(w)
	data, err := f.body(w, r)
	defer recycle(data)
	if err != nil {
		return
	}
	control.SetReadDeadline(time.Time{})
	x := &Exchange{Data: data, Client: requester(r), Header: r.Header, Version: version, Begun: begun}
	if s != nil {
		x.Scope = s
	}
	x.way = &posted{front: f, w: w, control: control}
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
func (f *Front) settled(w http.ResponseWriter, r *http.Request) (v protocol.Version, s *session.Session, ok bool) {
	v = protocol.Undeclared
	if header := protocol.Version(r.Header.Get(protocol.HeaderVersion)); header != "" {
		v = header
	}
	if v.Served() && v.Modern() {
		return v, nil, true // sessions mean nothing to it
	}
	if name := r.Header.Get(protocol.HeaderSession); name != "" {
		if s = f.Sessions.Get(name); s == nil {
			refuse(w, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "the session has ended; initialize a new one"))
			return v, nil, false
		}
		if v == protocol.Undeclared || v.Served() {
			v = s.Version
		}
	}
	return v, s, true
}

// body reads the body into a pooled buffer. It has answered when there is an
// error.
func (f *Front) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	most := int64(f.Limits.RequestSize)
	buf := Buffer()
	if n := max(r.ContentLength+1, 512); n > int64(cap(buf)) && n <= maxPooled {
		buf = slices.Grow(buf, int(n))
	}
	body := http.MaxBytesReader(w, r.Body, most)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			var large *http.MaxBytesError
			status := http.StatusBadRequest
			if errors.As(err, &large) {
				status = http.StatusRequestEntityTooLarge
				f.Metrics.Refused("size")
			}
			refuse(w, status, protocol.NewError(protocol.InvalidRequest, "the body cannot be read: %v", err))
			return buf, err
		}
	}
}

func (f *Front) delete(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get(protocol.HeaderSession)
	switch {
	case name == "":
		refuse(w, http.StatusBadRequest, protocol.NewError(protocol.InvalidRequest, "there is no %s header", protocol.HeaderSession))
	case !f.Sessions.Close(name):
		refuse(w, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "there is no such session"))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// posted is the way back of a message that was sent by POST: a JSON body, or an
// event stream from the first notification on.
type posted struct {
	front   *Front
	w       http.ResponseWriter
	control *http.ResponseController
	events  bool
}

func (p *posted) answer(a Answer) {
	defer recycle(a.Body)
	p.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if p.events {
		if a.Body != nil {
			writeEvent(p.w, p.control, a.Body)
		}
		return
	}
	h := p.w.Header()
	if a.Session != "" {
		h.Set(protocol.HeaderSession, a.Session)
	}
	if a.RetryAfter > 0 {
		seconds := (a.RetryAfter + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.Itoa(int(seconds)))
	}
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
		p.events = true
		beginEvents(p.w)
	}
	p.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	return writeEvent(p.w, p.control, message)
}

func (p *posted) keepAlive() error {
	if !p.events {
		return nil
	}
	return writeComment(p.w, p.control)
}

func (p *posted) detach(work func()) { work() }

func (p *posted) stopping() <-chan struct{} { return p.front.drained }
