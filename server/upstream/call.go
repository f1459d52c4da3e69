package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// tool is a tool of an upstream.
type tool struct {
	u     *Upstream
	there string // its name there
}

// Call implements [backend.Tool].
func (t *tool) Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
	result, err := t.u.do(ctx, func(ctx context.Context, l *link, e *exchange) (any, error) {
		params := &mcp.CallToolParams{Meta: e.meta(ctx), Name: t.there, Arguments: args}
		for range maxRounds {
			r, err := l.session.CallTool(ctx, params)
			if err != nil || !r.NeedsInput() {
				return r, err
			}
			next := *params
			if next.InputResponses, err = e.answer(ctx, r.InputRequests); err != nil {
				return nil, err
			}
			next.RequestState = r.RequestState
			params = &next
		}
		return nil, errRounds
	})
	if err != nil {
		var refused *refusal
		if errors.As(err, &refused) {
			return protocol.ErrorResult(refused.Error() + "."), nil
		}
		return nil, err
	}
	return toolResult(memory.Of(ctx), result.(*mcp.CallToolResult))
}

// maxRounds is how often an upstream may ask in the course of one call.
const maxRounds = 10

var errRounds = refuse("The server behind this asks the client again and again")

// refusal is why a request was not answered, in a sentence without its full stop:
// a model is told it as the answer of the tool.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// toolResult passes on what a tool answered.
func toolResult(hold *memory.Hold, r *mcp.CallToolResult) (*protocol.ToolResult, error) {
	out := &protocol.ToolResult{Content: make([]protocol.Content, len(r.Content)), IsError: r.IsError}
	for i, c := range r.Content {
		raw, err := c.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("read the answer of an upstream: %w", err)
		}
		if !hold.Take(len(raw)) {
			return nil, memory.ErrShort
		}
		out.Content[i] = protocol.Content{Passed: raw}
	}
	if r.StructuredContent != nil {
		raw, err := json.Marshal(r.StructuredContent)
		if err != nil {
			return nil, fmt.Errorf("read the answer of an upstream: %w", err)
		}
		out.StructuredContent = raw
	}
	return out, nil
}

// prompt gets a prompt of the upstream.
func (u *Upstream) prompt(ctx context.Context, there string, args map[string]string) (*protocol.PromptResult, error) {
	result, err := u.do(ctx, func(ctx context.Context, l *link, e *exchange) (any, error) {
		params := &mcp.GetPromptParams{Meta: e.meta(ctx), Name: there, Arguments: args}
		for range maxRounds {
			r, err := l.session.GetPrompt(ctx, params)
			if err != nil || !r.NeedsInput() {
				return r, err
			}
			next := *params
			if next.InputResponses, err = e.answer(ctx, r.InputRequests); err != nil {
				return nil, err
			}
			next.RequestState = r.RequestState
			params = &next
		}
		return nil, errRounds
	})
	if err != nil {
		return nil, toldAsError(err)
	}
	r := result.(*mcp.GetPromptResult)
	out := &protocol.PromptResult{Description: r.Description}
	for _, m := range r.Messages {
		raw, err := m.Content.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("read a prompt of an upstream: %w", err)
		}
		out.Messages = append(out.Messages, protocol.PromptMessage{Role: string(m.Role), Content: protocol.Content{Passed: raw}})
	}
	return out, nil
}

// toldAsError is the protocol error of a request that has no other place for what
// went wrong.
func toldAsError(err error) error {
	var refused *refusal
	if errors.As(err, &refused) {
		return protocol.NewError(protocol.InternalError, "%s", refused.Error())
	}
	return err
}

// read reads a resource of the upstream.
func (u *Upstream) read(ctx context.Context, uri string) (json.RawMessage, error) {
	result, err := u.do(ctx, func(ctx context.Context, l *link, e *exchange) (any, error) {
		r, err := l.session.ReadResource(ctx, &mcp.ReadResourceParams{Meta: e.meta(ctx), URI: uri})
		if err == nil && r.NeedsInput() {
			err = refuse("The server behind this asks the client before it shows a resource, which is not passed on")
		}
		return r, err
	})
	if err != nil {
		return nil, toldAsError(err)
	}
	raw, err := json.Marshal(result.(*mcp.ReadResourceResult).Contents)
	if err != nil {
		return nil, fmt.Errorf("read a resource of an upstream: %w", err)
	}
	if string(raw) == "null" {
		raw = json.RawMessage("[]")
	}
	return raw, nil
}

// complete asks the upstream for values of an argument.
func (u *Upstream) complete(ctx context.Context, ref, argument, filled json.RawMessage) (json.RawMessage, error) {
	params := map[string]json.RawMessage{"ref": ref, "argument": argument}
	if filled != nil {
		params["context"] = filled
	}
	var read mcp.CompleteParams
	if json.Unmarshal(encoded(params), &read) != nil {
		return nil, protocol.NewError(protocol.InvalidParams, "params are not those of completion/complete")
	}
	result, err := u.do(ctx, func(ctx context.Context, l *link, _ *exchange) (any, error) {
		if can := l.session.InitializeResult().Capabilities; can == nil || can.Completions == nil {
			return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{}}}, nil
		}
		return l.session.Complete(ctx, &read)
	})
	if err != nil {
		return nil, toldAsError(err)
	}
	return json.Marshal(result.(*mcp.CompleteResult).Completion)
}

// do carries out a request to the upstream on behalf of the call that ctx is of,
// or goes on with one that its client was asked about. The error is a
// [protocol.Error] that the upstream answered with, a [refusal], what dialogue
// returns, or that of the context.
func (u *Upstream) do(ctx context.Context, send func(context.Context, *link, *exchange) (any, error)) (any, error) {
	e, asked := u.resumed(ctx)
	if asked && e == nil {
		return nil, refuse("The call that has asked this is over. Make the call anew, without answers")
	}
	if e != nil {
		if !e.attach(dialogue.From(ctx)) {
			return nil, refuse("This call is being answered already")
		}
		return u.attend(ctx, e)
	}
	l, err := u.connected()
	if err != nil {
		return nil, err
	}
	select {
	case u.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	e = u.begin(ctx, l)
	go func() { // ends when the client was told the answer, or the exchange is given up
		defer func() { <-u.slots }()
		result, err := send(e.ctx, l, e)
		u.finish(e, result, u.judged(l, err))
		<-e.told
	}()
	return u.attend(ctx, e)
}

// judged makes an error of the SDK one that can be passed on, and gives up the
// connection when it is a sign that it does not stand.
func (u *Upstream) judged(l *link, err error) error {
	var refused *refusal
	var asked *unanswered
	switch {
	case err == nil || errors.As(err, &refused):
		return err
	case errors.As(err, &asked):
		return asked.error
	case passedOn(err) != nil:
		return passedOn(err)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return err
	}
	reason := l.explain(err)
	if !passing(reason) {
		l.fail(reason)
	}
	return refuse("The server behind this, %s, has not answered: %s", u.name, reason)
}

// timeout is how long the upstream may take for a request.
func (u *Upstream) timeout() time.Duration { return time.Duration(u.spec.Timeout) }
