package transport

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// pipe is a client of the transport that 2024-11-05 had and that was given up
// (MCP 2024-11-05, basic/transports, "HTTP with SSE"): an event stream on which
// all answers come, and POST requests that are answered with 202 only.
type pipe struct {
	front   *Front
	owner   string // identity that has opened it; "" without auth
	w       http.ResponseWriter
	control *http.ResponseController
	peer    session.Client
	version atomic.Pointer[protocol.Version] // nil until initialize
	ctx     context.Context                  // of the client's requests
	calls   sync.WaitGroup                   // requests that are not answered yet

	mu      sync.Mutex
	closing bool // nothing is taken any more
	ended   bool // nothing is written any more
}

// pipes are those that are open, by the name in their URL.
type pipes struct {
	mu   sync.Mutex
	open map[string]*pipe
}

const pipeName = "session"

var errPipeEnded = errors.New("the event stream has ended")

// servePipe answers a request for the path of that transport.
func (f *Front) servePipe(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	switch r.Method {
	case http.MethodGet:
		f.openPipe(w, r, id)
	case http.MethodPost:
		f.pipes.mu.Lock()
		p := f.pipes.open[r.URL.Query().Get(pipeName)]
		f.pipes.mu.Unlock()
		if p == nil || p.owner != id.String() {
			f.refuse(w, r, id, noSession, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "there is no such session; open the event stream first"))
			return
		}
		p.take(w, r, id)
	default:
		w.Header().Set("Allow", "GET, POST")
		f.refuse(w, r, id, malformed, http.StatusMethodNotAllowed, protocol.NewError(protocol.InvalidRequest, "the method %s is not allowed here", r.Method))
	}
}

// openPipe holds the event stream of a client until it goes away.
func (f *Front) openPipe(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	ctx, cancel := context.WithCancel(f.base)
	defer cancel()
	p := &pipe{front: f, owner: id.String(), w: w, control: http.NewResponseController(w), ctx: ctx}
	p.control.SetReadDeadline(time.Time{})
	name := rand.Text()
	f.pipes.mu.Lock()
	f.pipes.open[name] = p
	f.pipes.mu.Unlock()
	defer func() {
		f.pipes.mu.Lock()
		delete(f.pipes.open, name)
		f.pipes.mu.Unlock()
	}()
	beginEvents(w)
	to := url.URL{Path: f.SSEPath, RawQuery: url.Values{pipeName: {name}}.Encode()}
	if p.write("endpoint", []byte(to.String())) == nil {
		p.changes(r.Context())
	}
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	p.peer.End()
	if r.Context().Err() != nil {
		cancel() // nobody waits for an answer
	}
	p.calls.Wait()
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
}

// changes tells of changes until the client goes away or the server drains.
func (p *pipe) changes(gone context.Context) {
	revision := p.front.Feed.Revision()
	tick := time.NewTicker(KeepAlivePeriod)
	defer tick.Stop()
	for {
		news, now, next := p.front.Feed.Since(revision, p.peer.Subscribed())
		revision = now
		if p.version.Load() != nil && p.tell(news.Notifications(), news.Updated) != nil {
			return
		}
		select {
		case <-next:
		case <-tick.C:
			if p.comment() != nil {
				return
			}
		case <-gone.Done():
			return
		case <-p.front.drained:
			return
		}
	}
}

func (p *pipe) tell(methods, uris []string) error {
	for _, method := range methods {
		if err := p.write("message", protocol.AppendNotification(nil, method, nil)); err != nil {
			return err
		}
	}
	for _, uri := range uris {
		if err := p.write("message", protocol.AppendUpdated(nil, uri, nil)); err != nil {
			return err
		}
	}
	return nil
}

// take takes a message that the client posts.
func (p *pipe) take(w http.ResponseWriter, r *http.Request, id *auth.Identity) {
	hold := p.front.Memory.Hold()
	data, err := p.front.body(w, r, hold)
	if err != nil {
		hold.Release()
		recycle(data)
		return
	}
	if refusal := p.front.Gate().Body(id, data); refusal != nil {
		hold.Release()
		recycle(data)
		p.front.refuseClient(w, r, refusal)
		return
	}
	x := &Exchange{Data: data, Client: requester(r, id), Identity: id, Version: protocol.Undeclared, Peer: &p.peer, Streams: true, Begun: time.Now(), Hold: hold}
	if v := p.version.Load(); v != nil {
		x.Version = *v
	}
	x.way = &piped{p, data, hold}
	p.mu.Lock()
	closing := p.closing
	if !closing {
		p.calls.Add(1)
	}
	p.mu.Unlock()
	if closing {
		hold.Release()
		recycle(data)
		p.front.refuse(w, r, id, noSession, http.StatusNotFound, protocol.NewError(protocol.InvalidRequest, "the session has ended"))
		return
	}
	w.WriteHeader(http.StatusAccepted)
	p.front.Handler.Handle(p.ctx, x)
}

// write sends an event of a kind.
func (p *pipe) write(kind string, data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return errPipeEnded
	}
	p.control.SetWriteDeadline(time.Now().Add(p.front.writeTimeout()))
	buf := append(append(Buffer(), "event: "...), kind...)
	buf = append(append(append(buf, "\ndata: "...), data...), "\n\n"...)
	_, err := p.w.Write(buf)
	recycle(buf)
	if err != nil {
		return err
	}
	return p.control.Flush()
}

func (p *pipe) comment() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return writeComment(p.w, p.control, p.front.writeTimeout())
}

// piped is the way back of a message that was posted.
type piped struct {
	pipe *pipe
	data []byte
	hold *memory.Hold
}

func (w *piped) answer(a Answer) {
	if v := a.Settled; v != "" {
		w.pipe.version.Store(&v)
	}
	if a.Body != nil {
		w.pipe.write("message", a.Body)
		recycle(a.Body)
	}
	recycle(w.data)
	w.hold.Release()
	w.pipe.calls.Done()
}

func (w *piped) notify(message []byte) error { return w.pipe.write("message", message) }

func (w *piped) detach(work Work) { go work.Run() } // ends with the call

func (w *piped) keepAlive() error { return nil }

func (w *piped) hangUp() {}

func (w *piped) stopping() <-chan struct{} { return w.pipe.front.drained }
