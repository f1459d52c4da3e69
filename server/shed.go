package server

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/guard"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/transport"
)

// govern makes the governor and the budget of memory that it watches.
func (rt *Runtime) govern(doc *schemas.Server) {
	limit := memory.Limit(int64(doc.Limits.Memory))
	if *doc.Governor.Enabled {
		rt.memory = memory.NewBudget(limit)
	}
	rt.governor = guard.NewGovernor(doc.Governor, guard.Load{
		Limit: limit, Held: rt.memory.Share, Waiting: rt.workers.waiting, Changed: rt.governed,
	})
	rt.workers.waited = rt.governor.Waited
	rt.metrics.WatchGovernor(
		func() float64 { return float64(rt.governor.Phase(time.Now())) },
		func() float64 { return rt.governor.Pressure().Most() },
	)
}

// governed tells an operator that the governor has changed its phase.
func (rt *Runtime) governed(from, to guard.Phase, by guard.Pressure) {
	switch {
	case to == guard.Refusing:
		rt.log.Warn("the governor refuses all work", "because", by)
	case to == guard.Intervening && from < to:
		rt.log.Warn("the governor sheds work", "because", by)
	case from > to:
		rt.log.Info("the governor takes more work again", "phase", to)
	}
}

// sheds says what work is refused, for health; nil when none is.
func (rt *Runtime) sheds() error {
	switch rt.governor.Phase(time.Now()) {
	case guard.Intervening:
		return fmt.Errorf("intervening, with %s: lists, and perhaps resources and prompts, are refused", rt.governor.Pressure())
	case guard.Refusing:
		return fmt.Errorf("refusing, with %s: only control messages are taken", rt.governor.Pressure())
	}
	return nil
}

// pressure is what the governor sees, in percent of what there may be.
func (rt *Runtime) pressure() map[string]int {
	p := rt.governor.Pressure()
	return map[string]int{"memory_percent": int(100 * p.Memory), "queue_percent": int(100 * p.Queue), "wait_percent": int(100 * p.Wait)}
}

// classOf is what kind of work a method is to the governor.
func classOf(method string) guard.Class {
	switch method {
	case protocol.ToolsCall:
		return guard.Calling
	case protocol.ResourcesRead, protocol.PromptsGet:
		return guard.Reading
	case protocol.ToolsList, protocol.PromptsList, protocol.ResourcesList, protocol.ResourcesTemplatesList,
		protocol.Complete, protocol.ResourcesSubscribe, protocol.SubscriptionsListen:
		return guard.Listing
	}
	return guard.Control
}

// shed refuses a request when the governor takes none of its kind.
func (c *call) shed() *protocol.Error {
	retry, ok := c.rt.governor.Admit(classOf(c.m.Method), c.x.Begun)
	if ok {
		return nil
	}
	return c.turnDown("governor", http.StatusServiceUnavailable, "The server is overloaded and sheds work", retry)
}

// short refuses what the server has no memory for.
func (c *call) short() *protocol.Error {
	return c.turnDown("memory", http.StatusServiceUnavailable, "The server is short of memory", 2*time.Second)
}

// valueCost is what each value in the arguments of a call holds of the memory for
// requests, in bytes of a message: half a kilobyte of memory, where it is decoded,
// found not to fit, or made a value for templates.
const valueCost = 128

// roomFor takes memory for the values of a member of params, before they are
// decoded. A message of ten megabytes can hold five million of them.
func (c *call) roomFor(member string) *protocol.Error {
	raw := c.m.Params.Get(member)
	if len(raw) <= memory.Small {
		return nil
	}
	need := valueCost * protocol.Values(raw)
	if int64(need) > c.rt.memory.Most() {
		c.rt.metrics.Refused("memory")
		c.reason, c.answer.Status = "memory", http.StatusRequestEntityTooLarge
		return protocol.NewError(protocol.InvalidRequest, "params.%s holds more values than limits.memory has room for", member)
	}
	if !c.x.Hold.Take(need) {
		return c.short()
	}
	return nil
}

// arguments are those of a call, decoded.
func (c *call) arguments() (map[string]any, *protocol.Error) {
	if err := c.roomFor("arguments"); err != nil {
		return nil, err
	}
	return c.m.Arguments()
}

// inputResponses are the answers of a client, by the keys of their questions.
func (c *call) inputResponses() (protocol.InputResponses, *protocol.Error) {
	if err := c.roomFor("inputResponses"); err != nil {
		return nil, err
	}
	return c.m.InputResponses()
}

// shortOf reports whether something failed for want of memory.
func shortOf(err error) bool { return errors.Is(err, memory.ErrShort) }

// turnDown notes why a request is refused, and returns the error that says when
// to come back. Its code is the HTTP status.
func (c *call) turnDown(reason string, status int, text string, retry time.Duration) *protocol.Error {
	c.rt.metrics.Refused(reason)
	c.reason = reason
	c.answer = transport.Answer{Status: status, RetryAfter: retry}
	return comeBack(status, text, retry)
}

// comeBack is an error that says when to come back.
func comeBack(code int, text string, retry time.Duration) *protocol.Error {
	return &protocol.Error{Code: code, Message: text, Data: map[string]int64{"retryAfterMs": retry.Milliseconds()}}
}

// asked is the request as rate limits see it.
func (c *call) asked() guard.Asked {
	q := guard.Asked{Client: c.x.Client, Identity: c.x.Identity.String()}
	if c.st.limits.PerTool() && c.m.Method == protocol.ToolsCall {
		if name, err := c.m.Text("name"); err == nil && c.catalog().Tool(name) != nil {
			q.Tool = name // what is no tool is not counted as one
		}
	}
	return q
}
