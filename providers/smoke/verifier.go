package smoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/client"
)

const (
	firstPause  = 200 * time.Millisecond // before the first retry; it doubles
	longestWait = 3 * time.Second
	answerLimit = 32 << 20 // bytes
)

// Verifier runs the checks of servers. It is safe for concurrent use.
type Verifier struct{}

var _ apply.Verifier = Verifier{}

// Verify runs the checks in order and stops at the first that fails, with a
// *diag.Diagnostic. Each try is a connection of its own.
func (Verifier) Verify(ctx context.Context, c apply.Check) error {
	trusted, err := trust(c)
	if err != nil {
		return fmt.Errorf("prepare the checks of %s: %w", c.Server, err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = trusted
	transport.Proxy = nil
	if c.Dial != nil {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return c.Dial(ctx) }
	}
	defer transport.CloseIdleConnections()
	v := verification{Check: c, transport: bounded{transport}}
	for i, s := range c.Smokes {
		c.Progress(fmt.Sprintf("checking %q (%d of %d)", s.Name, i+1, len(c.Smokes)))
		if err := v.run(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// bounded ends answers that are too long.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, answerLimit), answer.Body}
	}
	return answer, err
}

// verification is the work of one Verify.
type verification struct {
	apply.Check
	transport http.RoundTripper
}

// run tries one check until it passes or its tries are used up.
func (v verification) run(ctx context.Context, s resource.Smoke) error {
	if !s.With.IsWhollyKnown() {
		return diag.Errorf(fmt.Sprintf("the check %q cannot be run", s.Name), "Something in its arguments is still not known.").
			Fix("Apply again.")
	}
	pause := firstPause
	for try := 0; ; try++ {
		err := v.try(ctx, s)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the check %q was abandoned: %w", s.Name, ctx.Err())
		}
		if try == s.Retries {
			return v.failed(s, err)
		}
		v.Progress(fmt.Sprintf("checking %q again (retry %d of %d): %s", s.Name, try+1, s.Retries, v.brief(s, err)))
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
		pause = min(2*pause, longestWait)
	}
}

// try runs a check once. The error says what came back.
func (v verification) try(ctx context.Context, s resource.Smoke) error {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	session, err := client.Connect(ctx, v.URL, v.transport)
	if err == nil {
		defer session.Close()
		if s.Call == "" {
			err = listed(ctx, session, s.Tools)
		} else {
			err = call(ctx, session, s)
		}
	}
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("no answer came within %s", s.Timeout)
	}
	return err
}

func listed(ctx context.Context, session *client.Session, want []string) error {
	missing := map[string]bool{}
	for _, name := range want {
		missing[name] = true
	}
	var names []string
	for tool, err := range session.Tools(ctx, nil) {
		if err != nil {
			return fmt.Errorf("the list of tools could not be had: %w", session.Explain(err))
		}
		names = append(names, tool.Name)
		delete(missing, tool.Name)
	}
	for _, name := range want {
		if missing[name] {
			return fmt.Errorf("the tool %q is not listed; the server lists %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

func call(ctx context.Context, session *client.Session, s resource.Smoke) error {
	params := &mcp.CallToolParams{Name: s.Call, Arguments: json.RawMessage("{}")}
	if with, _ := s.With.Unmark(); !with.IsNull() {
		params.Arguments = json.RawMessage(with.AsString())
	}
	answer, err := session.CallTool(ctx, params)
	if err != nil {
		return fmt.Errorf("the call was refused: %w", session.Explain(err))
	}
	result, err := resultOf(answer)
	if err != nil {
		return fmt.Errorf("the answer cannot be read: %w", err)
	}
	if s.Require == nil {
		if answer.IsError {
			return fmt.Errorf("the answer is an error: %s", textOf(answer))
		}
		return nil
	}
	held, err := s.Require.Holds(result)
	if err != nil {
		return fmt.Errorf("%w; %s", err, described(answer))
	}
	if !held {
		return errors.New(described(answer))
	}
	return nil
}

// described says what came back.
func described(answer *mcp.CallToolResult) string {
	text := textOf(answer)
	switch {
	case answer.IsError:
		return "the answer is an error: " + text
	case text == "":
		return fmt.Sprintf("the answer has no text, %d contents", len(answer.Content))
	}
	return "the answer is: " + text
}

// secrets are the values that must not be shown of a check: those of the server's
// document, and the arguments when they are sensitive.
func (v verification) secrets(s resource.Smoke) cty.Value {
	return cty.TupleVal([]cty.Value{v.Document, arguments(s.With)})
}
