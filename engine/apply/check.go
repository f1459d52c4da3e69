package apply

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// Verifier finds out whether a server that was changed does what it should.
type Verifier interface {
	// Verify runs the checks one after another and stops at the first that fails.
	// Its error says which check, what was called and what came back, in bounds
	// and without secrets.
	Verify(context.Context, Check) error
}

// Check is what a Verifier is asked to do.
type Check struct {
	Server address.Server
	// URL is that of the server's MCP endpoint.
	URL string
	// Dial connects to it when its URL alone is not enough; may be nil. Then what it
	// connects to is the server, whatever it presents.
	Dial func(context.Context) (net.Conn, error)
	// Document is the runtime document that the server has, with secrets in the
	// clear (marked).
	Document cty.Value
	Smokes   []resource.Smoke
	// Progress tells the user what is being checked. Never nil.
	Progress func(string)
}

// checkError says that a check failed, in contrast to the change before it.
type checkError struct{ error }

func (e *checkError) Unwrap() error { return e.error }

// verified runs the checks of a server that was changed, notes that they passed,
// and makes its exports known.
func (r *runner) verified(writer resource.Writer, s plan.Step, w *plan.Wanted, next *state.Resource) error {
	if !next.Unverified {
		return r.export(w, next.Object.Values)
	}
	if err := r.check(writer, s, w, next.Object.Values); err != nil {
		return &checkError{r.withLog(writer, s, w, err)}
	}
	passed := *next
	passed.Unverified = false
	if err := r.end(state.Update, s, &passed); err != nil {
		return err
	}
	return r.export(w, passed.Object.Values)
}

func (r *runner) check(writer resource.Writer, s plan.Step, w *plan.Wanted, values cty.Value) error {
	if r.Verifier == nil {
		return errors.New("nothing is here that could run its checks")
	}
	to, err := r.route(writer, s, w, values)
	if errors.Is(err, resource.ErrIdle) {
		return nil
	}
	if err != nil {
		return err
	}
	return r.Verifier.Verify(r.opctx, Check{
		Server: s.Address.Server, URL: to.URL, Dial: to.Dial, Document: w.Instance.Document,
		Smokes: w.Instance.Smokes, Progress: r.progress(s),
	})
}

// route is the way to a server: the one that its target tells, or the URL that it
// exports.
func (r *runner) route(writer resource.Writer, s plan.Step, w *plan.Wanted, values cty.Value) (resource.Route, error) {
	if reacher, ok := writer.(resource.Reacher); ok {
		return reacher.Reach(r.opctx, r.change(s, w))
	}
	exported, err := plan.Exported(values)
	if err != nil {
		return resource.Route{}, err
	}
	url := exported.GetAttr("url")
	if url.IsNull() {
		return resource.Route{}, errors.New("it has no URL at which its checks could be run")
	}
	return resource.Route{URL: url.AsString()}, nil
}

// withLog adds the last lines of the server's log to a failure.
func (r *runner) withLog(writer resource.Writer, s plan.Step, w *plan.Wanted, err error) error {
	logger, ok := writer.(resource.Logger)
	if !ok {
		return err
	}
	log := logger.Log(r.opctx, r.change(s, w))
	if log == "" {
		return err
	}
	log = "Its log ends with:\n  " + strings.ReplaceAll(log, "\n", "\n  ")
	var d *diag.Diagnostic
	if !errors.As(err, &d) {
		return fmt.Errorf("%w. %s", err, log)
	}
	more := *d
	more.Detail += "\n" + log
	return &more
}
