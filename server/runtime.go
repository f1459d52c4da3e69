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

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/receipt"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/guard"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/task"
	"github.com/erlmcp/erlmcp/server/telemetry"
	"github.com/erlmcp/erlmcp/server/transport"
)

// Runtime is one MCP server.
type Runtime struct {
	opts         Options
	log          hclog.Logger
	metrics      *telemetry.Metrics
	health       *telemetry.Health
	sessions     *session.Table
	feed         *catalog.Feed
	front        *transport.Front
	workers      *workers
	inflight     *inflight
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

	ctx     context.Context // of all work
	cut     context.CancelFunc
	started time.Time
	phase   atomic.Value // string: starting, running, draining
	stopped chan struct{}
	stop    sync.Once

	ports   ports
	scrapes *http.Server // metrics
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
		opts: opts, log: telemetry.NewLogger(doc.Log, out),
		metrics: telemetry.NewMetrics(), health: telemetry.NewHealth(),
		sessions: session.NewTable(doc.Limits.Sessions, time.Duration(doc.Limits.SessionTTL), time.Now),
		feed:     catalog.NewFeed(), inflight: newInflight(),
		random: randomSeal(), stopped: make(chan struct{}),
	}
	rt.newTasks(doc.Limits)
	rt.phase.Store("starting")
	rt.workers = newWorkers(doc.Limits, rt.metrics)
	rt.govern(doc)
	rt.ctx, rt.cut = context.WithCancel(context.Background())
	st, err := rt.prepare(doc, opts.Digest)
	if err != nil {
		return nil, err
	}
	if rt.certificates, err = guard.NewCertificates(doc.TLS, []string{"http/1.1"}, rt.log); err != nil {
		return nil, fmt.Errorf("prepare TLS: %w", err)
	}
	if err := rt.openReceipts(doc); err != nil {
		return nil, err
	}
	rt.commit(st)
	rt.front = transport.NewFront(rt.ctx, transport.Config{
		Handler: rt, Others: http.HandlerFunc(rt.serveOthers),
		Sessions: rt.sessions, Feed: rt.feed, Origin: guard.NewOrigin(doc.Listen),
		Gate: func() *auth.Gate { return rt.current.Load().gate }, Refused: rt.turnedAway,
		Path: doc.Listen.Path, SSEPath: doc.Listen.SSEPath, Limits: doc.Limits, TLS: rt.certificates.Config(),
		HSTS: strictTransport(doc), Socket: doc.Listen.Socket, Memory: rt.memory,
		Metrics: rt.metrics, Logger: rt.log,
	})
	rt.watch()
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
	rt.started = time.Now()
	go rt.front.Serve(rt.ports.front, false) // ends with Stop
	if rt.ports.raw != nil {
		go rt.front.Serve(rt.ports.raw, true) // ends with Stop
	}
	if rt.ports.metrics != nil {
		timeout := time.Duration(doc.Limits.HeaderTimeout)
		rt.scrapes = &http.Server{
			Handler: rt.scraped(doc.Metrics), ReadTimeout: timeout,
			WriteTimeout: timeout, IdleTimeout: time.Duration(doc.Limits.IdleTimeout),
		}
		go rt.scrapes.Serve(rt.ports.metrics) // ends with Stop
	}
	rt.phase.Store("running")
	rt.governor.Serve()
	tools, resources, prompts := rt.current.Load().catalog.Size()
	rt.log.Info("serving", "name", doc.Name, "url", rt.URL(), "tools", tools, "resources", resources, "prompts", prompts)
	return nil
}

// scraped answers requests for the metrics, and for nothing else.
func (rt *Runtime) scraped(m schemas.Metrics) http.Handler {
	metrics, origin := rt.metrics.Handler(), guard.NewOrigin(schemas.Listen{Address: m.Address})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case rt.refused(w, origin, r):
		case r.URL.Path != m.Path:
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

// Stop takes no new connections or requests, and returns when what was in
// progress has been answered, or is cut off after limits.drain_timeout, which is
// an error. Calling it again waits for the same end.
func (rt *Runtime) Stop() (err error) {
	rt.stop.Do(func() {
		rt.phase.Store("draining")
		rt.health.SetDraining(true)
		rt.log.Info("stopping")
		limit := time.Duration(rt.current.Load().doc.Limits.DrainTimeout)
		ctx, cancel := context.WithTimeout(rt.ctx, limit)
		defer cancel()
		if err = rt.front.Drain(ctx); err != nil {
			rt.log.Warn("calls in progress were cut off", "error", err)
			err = fmt.Errorf("stop: calls in progress were cut off: %w", err)
		}
		rt.cut()
		rt.front.Cut()
		if rt.scrapes != nil {
			rt.scrapes.Close()
		}
		rt.ports.close()
		rt.current.Load().limits.Close()
		rt.certificates.Close()
		if failed := rt.closeReceipts(); failed != nil {
			err = errors.Join(err, fmt.Errorf("stop: %w", failed))
		}
		close(rt.stopped)
	})
	return err
}
