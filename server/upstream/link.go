//lint:file-ignore SA1019 clients and servers of the older protocol era have these features, and go on using them

package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/version"
)

// aliveEvery is how often a connection of the older era is asked whether it still
// stands. One of the modern era has a stream whose end is seen.
const aliveEvery = 30 * time.Second

// link is one connection to an upstream.
type link struct {
	u       *Upstream
	session *mcp.ClientSession
	over    carrier
	offer   *catalog.Offer // of this connection

	lose sync.Once
	lost chan struct{} // closed when the connection is of no more use
	why  error         // why; valid then
}

// carrier is what a connection runs over.
type carrier interface {
	// explain says what has become of it, or nil when it knows nothing of that.
	explain() error
	// close gives back everything.
	close()
}

// dial connects and settles on a version.
func (u *Upstream) dial(ctx context.Context) (*link, error) {
	l := &link{u: u, lost: make(chan struct{})}
	var transport mcp.Transport
	var err error
	if u.spec.Stdio != nil {
		transport, l.over, err = u.runs(l)
	} else {
		transport, l.over, err = u.reaches(l)
	}
	if err != nil {
		return nil, err
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "erlmcp", Version: version.Version}, l.options())
	client.AddReceivingMiddleware(l.receive)
	type outcome struct {
		session *mcp.ClientSession
		err     error
	}
	connected := make(chan outcome, 1)
	go func() { // ends with ctx, or when what it runs over is closed
		session, err := client.Connect(ctx, transport, nil)
		connected <- outcome{session, err}
	}()
	select {
	case o := <-connected:
		connected <- outcome{} // is taken
		l.session, err = o.session, o.err
	case <-l.lost:
		err = l.why
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		err = l.explain(err)
		l.over.close()
		go func() { // ends as the one above
			if o := <-connected; o.session != nil {
				o.session.Close() // nothing is left to do when it fails
			}
		}()
		return nil, err
	}
	go func() { // ends with the session
		err := l.session.Wait()
		l.fail(l.explain(err))
	}()
	return l, nil
}

// options are how the SDK is used: it is told what the block allows the upstream
// to ask, and leaves the rounds of the modern era to this package.
func (l *link) options() *mcp.ClientOptions {
	changed := func() {
		select {
		case l.u.stale <- struct{}{}:
		default: // is known already
		}
	}
	return &mcp.ClientOptions{
		Capabilities:               l.u.allowed(),
		MultiRoundTrip:             &mcp.MultiRoundTripOptions{Disabled: true},
		ToolListChangedHandler:     func(context.Context, *mcp.ToolListChangedRequest) { changed() },
		PromptListChangedHandler:   func(context.Context, *mcp.PromptListChangedRequest) { changed() },
		ResourceListChangedHandler: func(context.Context, *mcp.ResourceListChangedRequest) { changed() },
		ResourceUpdatedHandler: func(_ context.Context, r *mcp.ResourceUpdatedNotificationRequest) {
			if r.Params != nil {
				l.u.env.Updated(r.Params.URI)
			}
		},
		ProgressNotificationHandler: l.progress,
		LoggingMessageHandler:       l.logged,
	}
}

// allowed is what the upstream may ask of clients, which differ in what they can.
func (u *Upstream) allowed() *mcp.ClientCapabilities {
	c := &mcp.ClientCapabilities{}
	if is(u.spec.Sampling) {
		c.Sampling = &mcp.SamplingCapabilities{Tools: &mcp.SamplingToolsCapabilities{}, Context: &mcp.SamplingContextCapabilities{}}
	}
	if is(u.spec.Elicitation) {
		c.Elicitation = &mcp.ElicitationCapabilities{Form: &mcp.FormElicitationCapabilities{}, URL: &mcp.URLElicitationCapabilities{}}
	}
	if is(u.spec.Roots) {
		c.RootsV2 = &mcp.RootCapabilities{}
	}
	return c
}

func is(b *bool) bool { return b == nil || *b }

// modern reports whether the connection is of the modern era.
func (l *link) modern() bool {
	return protocol.Version(l.session.InitializeResult().ProtocolVersion).Modern()
}

// fail says that the connection is of no more use.
func (l *link) fail(why error) {
	l.lose.Do(func() {
		l.why = why
		close(l.lost)
	})
}

// close ends the connection and gives back what it holds.
func (l *link) close() {
	ended := make(chan struct{})
	go func() { // ends at the latest when what it runs over is closed
		defer close(ended)
		l.session.Close() // nothing is left to do when it fails
	}()
	timer := time.NewTimer(closeTime)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
	l.over.close()
	l.fail(errors.New("the connection was closed"))
}

// closeTime is how long an upstream may take to be told that a connection ends.
const closeTime = time.Second

// probe finds out whether a connection of the older era still stands.
func (l *link) probe() {
	if l.modern() {
		return
	}
	go func() { // ends with the timeout
		ctx, cancel := context.WithTimeout(l.u.ctx, time.Duration(l.u.spec.Timeout))
		defer cancel()
		if err := l.session.Ping(ctx, nil); err != nil && !saidSo(err) && l.u.ctx.Err() == nil {
			l.fail(l.explain(err))
		}
	}()
}

// listen asks an upstream of the older era for all its log messages: those that a
// client does not want are left out on their way to it.
func (l *link) listen(ctx context.Context) {
	if can := l.session.InitializeResult().Capabilities; l.modern() || can == nil || can.Logging == nil {
		return
	}
	if err := l.session.SetLoggingLevel(ctx, &mcp.SetLoggingLevelParams{Level: "debug"}); err != nil {
		l.u.log.Debug("it does not take a level of log messages", "reason", l.explain(err))
	}
}

func (l *link) subscribe(ctx context.Context, uri string) {
	if err := l.session.Subscribe(ctx, &mcp.SubscribeParams{URI: uri}); err != nil {
		l.u.log.Debug("it does not tell of changes of a resource", "reason", l.explain(err))
	}
}

// progress passes on how far a call is.
func (l *link) progress(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
	token, _ := r.Params.ProgressToken.(string)
	if e := l.u.exchange(token); e != nil {
		if c := e.client(); c != nil {
			c.Progress(r.Params.Progress, r.Params.Total, r.Params.Message)
		}
	}
}

// logged passes on a log message, when it is clear whose call it is about.
func (l *link) logged(_ context.Context, r *mcp.LoggingMessageRequest) {
	id, _ := r.Params.Meta[exchangeTag].(string)
	e, err := l.u.whose(id)
	if err != nil {
		return
	}
	level, _ := json.Marshal(string(r.Params.Level)) // a string always encodes
	if c := e.client(); c != nil && protocol.ParseLevel(level) != 0 {
		_ = c.Log(protocol.ParseLevel(level), r.Params.Logger, r.Params.Data) // it came as JSON
	}
}
