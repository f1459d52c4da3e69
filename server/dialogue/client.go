package dialogue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Work is what goes on as a task.
type Work func(ctx context.Context) (*protocol.ToolResult, error)

// Line is the way to the client of one call. It is safe for concurrent use, and
// does nothing once the call has been answered.
type Line interface {
	// Progress and Log tell the client of something, if it wants to hear of it.
	Progress(progress, total float64, message string)
	Log(level protocol.Level, logger string, data json.RawMessage)
	// Can is what the client can do.
	Can() protocol.Capabilities
	// Ask asks questions that the client can answer, and returns the answers, each
	// of the form of its question's result. It returns [ErrInputRequired] when the
	// call is to end here, and [Unanswered] when there will be no answer.
	Ask(ctx context.Context, questions protocol.InputRequests) (protocol.InputResponses, error)
	// Given are answers that came with the call, by the keys of their questions:
	// of earlier rounds of it.
	Given() protocol.InputResponses
	// Background has work done as a task, if the client knows tasks, and now if it
	// does not.
	Background(ctx context.Context, work Work) (*protocol.ToolResult, error)
	// HangUp ends the stream that the answer would come on. A client that can take
	// up streams again asks for what has come since.
	HangUp()
}

// ErrInputRequired is the error of a question that the client answers by making
// the call again. Whoever asks returns it.
var ErrInputRequired = errors.New("the client is asked to make the call again with its answers")

// Unanswered is the error of a question that the client has refused, or has not
// answered in time.
type Unanswered struct {
	Method string
	Reason string
}

// Error says which question had no answer, and why.
func (u *Unanswered) Error() string {
	return fmt.Sprintf("The client has not answered %s: %s", u.Method, u.Reason)
}

type key struct{}

// With returns a context whose client is at the other end of the line.
func With(ctx context.Context, l Line) context.Context { return context.WithValue(ctx, key{}, l) }

// From returns the client of the call that the context is of. Outside of a call
// it is one that hears nothing and can do nothing.
func From(ctx context.Context) *Client {
	if l, ok := ctx.Value(key{}).(Line); ok {
		return &Client{l}
	}
	return &Client{nobody{}}
}

// Client is the client that has made a call.
type Client struct{ line Line }

// Progress tells the client how far the call is. progress must grow with each
// time; a total of 0 is not known. Clients that did not ask for it hear nothing.
func (c *Client) Progress(progress, total float64, message string) {
	c.line.Progress(progress, total, message)
}

// Log sends the client a log message, when it wants ones of this level. data is
// whatever encodes as JSON; it must hold no secret. An empty logger is left out.
func (c *Client) Log(level protocol.Level, logger string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("log to the client: %w", err)
	}
	c.line.Log(level, logger, raw)
	return nil
}

// Can reports whether the client can do all of this.
func (c *Client) Can(all protocol.Capabilities) bool { return c.line.Can()&all == all }

// Ask asks several questions at once and returns their answers by the same keys.
// Keys are unique within a call, over all its questions. The error is
// [ErrInputRequired], an [Unanswered], or a [protocol.Error] when the client
// cannot do what a question needs; whoever asks returns it unless it knows
// better.
func (c *Client) Ask(ctx context.Context, questions protocol.InputRequests) (protocol.InputResponses, error) {
	var needs protocol.Capabilities
	asked := protocol.InputRequests{}
	for key, q := range questions {
		var params bytes.Buffer // on one line, as messages are
		if err := json.Compact(&params, q.Params); err != nil {
			return nil, fmt.Errorf("ask the client %s: the parameters are not JSON: %w", q.Method, err)
		}
		asked[key] = protocol.InputRequest{Method: q.Method, Params: params.Bytes()}
		needs |= q.Needs()
	}
	if missing := needs &^ c.line.Can(); missing != 0 {
		return nil, protocol.MissingCapability(missing)
	}
	return c.line.Ask(ctx, asked)
}

// Given are the answers that came with the call, by the keys of their questions,
// when the client has made it before and was asked. They have not been checked.
func (c *Client) Given() protocol.InputResponses { return c.line.Given() }

// Capabilities are what the client can do.
func (c *Client) Capabilities() protocol.Capabilities { return c.line.Can() }

// Background has work done as a task, if the client knows the Tasks extension
// and the server has room for one: the result stands for the task, and is to be
// returned at once. Otherwise the work is done now. The work has its own context,
// and its own client.
func (c *Client) Background(ctx context.Context, work Work) (*protocol.ToolResult, error) {
	return c.line.Background(ctx, work)
}

// HangUp ends the stream that the answer would come on, so that a call that
// takes long holds no connection. A client of the older era that can take up
// streams again asks for the answer later; for others nothing happens.
func (c *Client) HangUp() { c.line.HangUp() }

// nobody is at the other end outside of a call.
type nobody struct{}

func (nobody) Progress(float64, float64, string)                                    {}
func (nobody) Log(protocol.Level, string, json.RawMessage)                          {}
func (nobody) Can() protocol.Capabilities                                           { return 0 }
func (nobody) Given() protocol.InputResponses                                       { return nil }
func (nobody) HangUp()                                                              {}
func (nobody) Background(ctx context.Context, w Work) (*protocol.ToolResult, error) { return w(ctx) }

func (nobody) Ask(context.Context, protocol.InputRequests) (protocol.InputResponses, error) {
	return protocol.InputResponses{}, nil
}
