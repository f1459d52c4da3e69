//lint:file-ignore SA1019 clients and servers of the older protocol era have these features, and go on using them

package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// questions are what the upstream asks at once.
type questions struct {
	requests  protocol.InputRequests // by keys that are unique over all rounds of the call
	done      chan struct{}          // closed when there is an answer
	withdrawn <-chan struct{}        // closed when none is waited for any more

	answers protocol.InputResponses
	err     error
}

// put asks the client of the exchange, and waits for its answers, which have the
// keys of the requests.
func (e *exchange) put(ctx context.Context, requests protocol.InputRequests) (protocol.InputResponses, error) {
	q := &questions{requests: protocol.InputRequests{}, done: make(chan struct{}), withdrawn: ctx.Done()}
	keys := map[string]string{}
	e.mu.Lock()
	for _, key := range requests.Keys() {
		keys[key] = keyPrefix + e.id + "/" + strconv.Itoa(e.sequence)
		e.sequence++
		q.requests[keys[key]] = requests[key]
	}
	e.open = append(e.open, q)
	if e.peer != nil {
		e.ring()
	}
	e.mu.Unlock()
	defer e.forget(q)
	select {
	case <-q.done:
	case <-e.over:
		return nil, errors.New("the call is over")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if q.err != nil {
		return nil, q.err
	}
	out := protocol.InputResponses{}
	for key, ours := range keys {
		out[key] = q.answers[ours]
	}
	return out, nil
}

// waiting are the questions without an answer.
func (e *exchange) waiting() []*questions {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.open)
}

// settle gives questions their answers.
func (e *exchange) settle(q *questions, answers protocol.InputResponses, err error) {
	e.forget(q)
	q.answers, q.err = answers, err
	close(q.done)
}

func (e *exchange) forget(q *questions) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open = slices.DeleteFunc(e.open, func(o *questions) bool { return o == q })
}

// answer answers the questions that a result of the modern era ends with.
func (e *exchange) answer(ctx context.Context, asked mcp.InputRequestMap) (mcp.InputResponseMap, error) {
	var requests protocol.InputRequests
	raw, err := json.Marshal(asked)
	if err == nil {
		err = json.Unmarshal(raw, &requests)
	}
	if err != nil {
		return nil, fmt.Errorf("read the questions of an upstream: %w", err)
	}
	if len(requests) == 0 { // it is busy
		timer := time.NewTimer(firstPause)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for key, r := range requests {
		if err := e.u.permits(r.Method); err != nil {
			return nil, refuse("The server behind this has asked what it may not: %s", err)
		}
		requests[key] = protocol.InputRequest{Method: r.Method, Params: withoutMeta(r.Params)}
	}
	answers, err := e.put(ctx, requests)
	if err != nil {
		return nil, &unanswered{err}
	}
	var out mcp.InputResponseMap
	return out, json.Unmarshal(encoded(answers), &out)
}

// unanswered is why the client has not answered, as dialogue has it.
type unanswered struct{ error }

// receive answers what an upstream of the older era asks.
func (l *link) receive(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
		var result mcp.Result
		switch method {
		case protocol.SamplingCreate:
			result = &mcp.CreateMessageWithToolsResult{}
		case protocol.ElicitationCreate:
			result = &mcp.ElicitResult{}
		case protocol.RootsList:
			result = &mcp.ListRootsResult{}
		default:
			return next(ctx, method, r)
		}
		answer, err := l.u.passQuestion(ctx, method, r.GetParams())
		if err != nil {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInvalidRequest, Message: err.Error()}
		}
		if err := json.Unmarshal(answer, result); err != nil {
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "the client's answer is not a result of " + method}
		}
		return result, nil
	}
}

func (u *Upstream) passQuestion(ctx context.Context, method string, params mcp.Params) (json.RawMessage, error) {
	if err := u.permits(method); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(params) // null when there are none
	if err != nil {
		return nil, err
	}
	e, err := u.whose(tagOf(raw))
	if err != nil {
		level := hclog.Debug // many ask for roots when they start
		if errors.Is(err, errWhose) {
			level = hclog.Warn
		}
		u.log.Log(level, "a question was refused", "method", method, "reason", err)
		return nil, err
	}
	answers, err := e.put(ctx, protocol.InputRequests{"": {Method: method, Params: withoutMeta(raw)}})
	if err != nil {
		return nil, err
	}
	return answers[""], nil
}

// permits refuses what the block does not allow the upstream to ask.
func (u *Upstream) permits(method string) error {
	allowed := map[string]*bool{
		protocol.SamplingCreate: u.spec.Sampling, protocol.ElicitationCreate: u.spec.Elicitation, protocol.RootsList: u.spec.Roots,
	}
	if !is(allowed[method]) {
		return fmt.Errorf("%s is not allowed here", method)
	}
	return nil
}

var (
	errNobody = errors.New("no call is in progress that this could be asked for")
	errWhose  = errors.New("several calls are in progress, and it cannot be told which of them this is asked for; with concurrency = 1 there is one at a time")
)

// tagOf is the id of the exchange on whose stream a message with those parameters
// came; "" when it is not known.
func tagOf(params json.RawMessage) string {
	var p struct {
		Meta struct {
			Exchange string `json:"erlmcp/exchange"`
		} `json:"_meta"`
	}
	if json.Unmarshal(params, &p) != nil {
		return ""
	}
	return p.Meta.Exchange
}

// whose is the exchange that a message of the upstream is about: the one on whose
// stream it came, or else the only one that the upstream can be working on.
func (u *Upstream) whose(id string) (*exchange, error) {
	if id != "" {
		if e := u.exchange(id); e != nil {
			return e, nil
		}
		return nil, errNobody
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	var only *exchange
	for _, e := range u.exchanges {
		switch {
		case e.ended():
		case only != nil || time.Now().Before(u.doubtful):
			return nil, errWhose
		default:
			only = e
		}
	}
	if only == nil {
		return nil, errNobody
	}
	return only, nil
}

// withoutMeta leaves out of parameters what is between the upstream and this
// server.
func withoutMeta(params json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if json.Unmarshal(params, &members) != nil || members == nil {
		return json.RawMessage(`{}`)
	}
	delete(members, "_meta")
	return encoded(members)
}
