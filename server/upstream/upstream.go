package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/catalog"
)

// Env is what the runtime gives to its upstreams.
type Env struct {
	Context  context.Context   // of all work; its end ends every connection
	FilesDir string            // folder of the files shipped with the document
	Children *backend.Children // of this process; may be nil
	Logger   hclog.Logger
	// AnswerTimeout is how long a call waits for a client that was asked to make
	// its call again.
	AnswerTimeout time.Duration
	// Changed is called when what an upstream offers may have changed, and Updated
	// when one of its resources has, from any goroutine and without locks.
	Changed func()
	Updated func(uri string)
}

// Upstream is one other server. It is safe for concurrent use.
type Upstream struct {
	name string
	spec *schemas.Upstream
	env  Env
	log  hclog.Logger

	ctx   context.Context // of the connection
	end   context.CancelFunc
	tried chan struct{} // closed when it was tried to connect once
	gone  chan struct{} // closed when nothing of it is left
	slots chan struct{} // one for each request in progress
	stale chan struct{} // takes a value when definitions have changed

	mu         sync.Mutex
	link       *link          // nil while there is no connection
	why        error          // why there is none
	offer      *catalog.Offer // of the last connection; nil before the first
	exchanges  map[string]*exchange
	doubtful   time.Time       // until when the upstream may still work on a call that was given up
	subscribed map[string]bool // URIs
}

// open starts to connect.
func open(name string, spec *schemas.Upstream, env Env) *Upstream {
	u := &Upstream{
		name: name, spec: spec, env: env, log: env.Logger.With("upstream", name),
		tried: make(chan struct{}), gone: make(chan struct{}),
		slots: make(chan struct{}, spec.Concurrency), stale: make(chan struct{}, 1),
		why: errors.New("it is being connected to"), exchanges: map[string]*exchange{}, subscribed: map[string]bool{},
	}
	u.ctx, u.end = context.WithCancel(env.Context)
	go u.keep() // ends with the context
	return u
}

// Name is the name of its block.
func (u *Upstream) Name() string { return u.name }

// Block is how diagnostics name it.
func (u *Upstream) Block() string { return "upstream." + u.name }

// Ready says why requests to the upstream are refused; nil when they are not.
func (u *Upstream) Ready() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.link == nil {
		return u.why
	}
	return nil
}

// Offer is what the upstream offers, as it did when there was a connection last;
// nil before the first.
func (u *Upstream) Offer() *catalog.Offer {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.offer
}

// connected returns the connection, or why there is none as a client is told.
func (u *Upstream) connected() (*link, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.link == nil {
		return nil, refuse("The server behind this, %s, is not there: %s. Try again later", u.name, u.why)
	}
	return u.link, nil
}

// Close ends the connection when no request is in progress any more, or ctx has
// ended, and returns when nothing of it is left.
func (u *Upstream) Close(ctx context.Context) {
	for range cap(u.slots) {
		select {
		case u.slots <- struct{}{}:
			continue
		case <-ctx.Done():
		}
		break
	}
	u.end()
	<-u.gone
}
