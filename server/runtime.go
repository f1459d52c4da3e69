package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/receipt"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/guard"
	"github.com/erlmcp/erlmcp/server/heir"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/task"
	"github.com/erlmcp/erlmcp/server/telemetry"
	"github.com/erlmcp/erlmcp/server/telemetry/otlp"
	"github.com/erlmcp/erlmcp/server/transport"
)

// Runtime is one MCP server.
type Runtime struct {
	opts         Options
	log          hclog.Logger
	logs         *telemetry.Logs // the same, and where it goes
	instance     uuid.UUID       // of this run
	metrics      *telemetry.Metrics
	health       *telemetry.Health
	sessions     *session.Table
	feed         *catalog.Feed
	front        *transport.Front
	workers      *workers
	receipts     *receipt.Log // nil when they are off
	memory       *memory.Budget
	governor     *guard.Governor     // nil when it is off
	certificates *guard.Certificates // nil without TLS
	listens      atomic.Int64        // streams of subscriptions/listen
	tasks        *task.Table
	taskFeed     *catalog.Feed
	random       *seal // of documents without a key

	current   atomic.Pointer[state]
	reloading sync.Mutex
	unfollow  context.CancelFunc // guarded by reloading
	leaving   sync.WaitGroup     // upstreams that are not used any more

	ctx     context.Context // of all work
	cut     context.CancelFunc
	started time.Time
	phase   atomic.Value // string: starting, running, draining
	stopped chan struct{}
	stop    sync.Once

	handing chan struct{}               // full while a successor takes over
	upgrade atomic.Pointer[chan error]  // where the outcome goes; nil when nobody asks
	after   atomic.Pointer[heir.Wire]   // of the successor that gets connections
	before  atomic.Pointer[predecessor] // nil without one

	ports   ports
	scrapes []*http.Server // metrics, one for each address
	pusher  *otlp.Pusher   // nil when metrics are not pushed
}

// New builds a runtime from a document that [schemas.Parse] has checked, and
// checks all that can be checked without opening a port. Stop gives back what it
// holds. Errors are meant for the user.
func New(doc *schemas.Server, opts Options) (*Runtime, error) {
	out := opts.Log
	if out == nil {
		out = io.Discard
	}
	rt := &Runtime{
		opts: opts, logs: telemetry.NewLogs(doc.Log, out), instance: uuid.New(),
		metrics: telemetry.NewMetrics(), health: telemetry.NewHealth(),
		sessions: session.NewTable(doc.Limits.Sessions, time.Duration(doc.Limits.SessionTTL), time.Now),
		feed:     catalog.NewFeed(),
		random:   randomSeal(), stopped: make(chan struct{}), handing: make(chan struct{}, 1),
	}
	rt.log = rt.logs
	rt.metrics.Watch(rt.health)
	rt.newTasks(doc.Limits)
	rt.phase.Store("starting")
	rt.workers = newWorkers(doc.Limits, rt.metrics)
	rt.govern(doc)
	rt.ctx, rt.cut = context.WithCancel(context.Background())
	rt.reloading.Lock() // upstreams wait with their news until all is there
	defer rt.reloading.Unlock()
	st, err := rt.prepare(doc, opts.Digest)
	if err != nil {
		rt.cut()
		return nil, err
	}
	rt.commit(st)
	if rt.certificates, err = guard.NewCertificates(doc.TLS, []string{"http/1.1"}, rt.log); err != nil {
		rt.cut()
		st.drop()
		return nil, fmt.Errorf("prepare TLS: %w", err)
	}
	if err := rt.openReceipts(doc); err != nil {
		rt.cut()
		st.drop()
		return nil, err
	}
	rt.front = transport.NewFront(rt.ctx, transport.Config{
		Handler: rt, Others: http.HandlerFunc(rt.serveOthers),
		Sessions: rt.sessions, Feed: rt.feed, Origin: guard.NewOrigin(doc.Listen),
		Gate: func() *auth.Gate { return rt.current.Load().gate }, Refused: rt.turnedAway,
		Path: doc.Listen.Path, SSEPath: doc.Listen.SSEPath, Limits: doc.Limits, TLS: rt.certificates.Config(),
		HSTS: strictTransport(doc), Socket: doc.Listen.Socket, Memory: rt.memory,
		Metrics: rt.metrics, Logger: rt.log,
	})
	rt.watch()
	rt.watchUpstreams(st, nil)
	rt.follow(st)
	return rt, nil
}

// Start opens the ports of the document and begins to serve.
func (rt *Runtime) Start() error {
	doc := rt.current.Load().doc
	if err := rt.ports.open(doc, rt.opts.Bind); err != nil {
		rt.ports.close()
		return err
	}
	if err := rt.certificates.Start(rt.ctx, rt.ports.front.Addr()); err != nil {
		rt.ports.close()
		return err
	}
	rt.serve()
	return nil
}

// serve serves at the ports, which are open.
func (rt *Runtime) serve() {
	doc := rt.current.Load().doc
	rt.started = time.Now()
	go rt.front.Serve(rt.ports.front, false) // ends with Stop
	if rt.ports.raw != nil {
		go rt.front.Serve(rt.ports.raw, true) // ends with Stop
	}
	timeout := time.Duration(doc.Limits.HeaderTimeout)
	for _, l := range rt.ports.metrics {
		s := &http.Server{
			Handler: rt.scraped(l.address, doc.Metrics.Path), ReadTimeout: timeout,
			WriteTimeout: timeout, IdleTimeout: time.Duration(doc.Limits.IdleTimeout),
		}
		rt.scrapes = append(rt.scrapes, s)
		go s.Serve(l) // ends with Stop
	}
	rt.push(doc)
	rt.phase.Store("running")
	rt.governor.Serve()
	tools, resources, prompts := rt.current.Load().catalog.Size()
	rt.log.Info("serving", "name", doc.Name, "url", rt.URL(), "tools", tools, "resources", resources, "prompts", prompts)
}

// scraped answers requests for the metrics at that path of an address, and for
// nothing else.
func (rt *Runtime) scraped(address, path string) http.Handler {
	metrics, origin := rt.metrics.Handler(), guard.NewOrigin(schemas.Listen{Address: address})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case rt.refused(w, origin, r):
		case r.URL.Path != path:
			http.NotFound(w, r)
		default:
			metrics.ServeHTTP(w, r)
		}
	})
}

// Run starts, serves until the context ends or Stop is called, and stops.
func (rt *Runtime) Run(ctx context.Context) error {
	if err := rt.Start(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return rt.Stop()
	case <-rt.stopped:
		return nil
	}
}

// Stopped is closed when the server has stopped.
func (rt *Runtime) Stopped() <-chan struct{} { return rt.stopped }

// Abort cuts off what is in progress; a Stop that waits for it returns.
func (rt *Runtime) Abort() { rt.cut() }

// ServeStdio serves one client over a pair of streams until in ends. It needs no
// Start.
func (rt *Runtime) ServeStdio(in io.ReadCloser, out io.Writer) {
	rt.front.ServeStdio(in, out)
}

// Addr is the address of the front door, once started.
func (rt *Runtime) Addr() net.Addr { return rt.ports.front.Addr() }

// drain takes no new work, and waits for what is in progress, within
// limits.drain_timeout.
func (rt *Runtime) drain(ctx context.Context) error {
	rt.phase.Store("draining")
	rt.health.SetDraining(true)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(rt.current.Load().doc.Limits.DrainTimeout))
	defer cancel()
	return rt.depart(ctx)
}

// Stop takes no new connections or requests, and returns when what was in
// progress has been answered, or is cut off after limits.drain_timeout, which is
// an error. Calling it again waits for the same end.
func (rt *Runtime) Stop() (err error) {
	rt.stop.Do(func() {
		rt.log.Info("stopping")
		if err = rt.drain(rt.ctx); err != nil {
			rt.log.Warn("calls in progress were cut off", "error", err)
			err = fmt.Errorf("stop: calls in progress were cut off: %w", err)
		}
		rt.cut()
		rt.front.Cut()
		rt.leaving.Wait()
		rt.current.Load().upstreams.Close(rt.ctx, nil)
		for _, s := range rt.scrapes {
			s.Close()
		}
		rt.ports.close()
		rt.current.Load().limits.Close()
		rt.certificates.Close()
		if failed := rt.closeReceipts(); failed != nil {
			err = errors.Join(err, fmt.Errorf("stop: %w", failed))
		}
		if failed := rt.unobserve(); failed != nil {
			err = errors.Join(err, fmt.Errorf("stop: %w", failed))
		}
		close(rt.stopped)
	})
	return err
}
