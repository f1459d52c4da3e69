package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/transport"
)

// line is the way from what carries out a call to the client of that call. Once
// the call is answered it is silent, as what runs on may still hold it, and the
// message of the call is gone.
type line struct {
	c *call

	mu   sync.Mutex
	over bool
	far  *float64              // the progress that was told last; nil before any was
	read bool                  // can is known
	can  protocol.Capabilities // what the client has declared
}

func newLine(c *call) *line { return &line{c: c} }

// close silences the line.
func (l *line) close() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
}

// send sends a message on the stream of the call, if there can be one. make may
// read the message of the call, and makes nothing when the client wants none.
func (l *line) send(make func() []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || !l.c.x.Streams {
		return errNoStream
	}
	if message := make(); message != nil {
		return l.c.x.Notify(message)
	}
	return nil
}

var errNoStream = errors.New("the call has no stream")

// Progress implements [dialogue.Line].
func (l *line) Progress(progress, total float64, message string) {
	l.send(func() []byte {
		token := l.c.m.ProgressToken()
		if token == nil || !l.advances(progress) {
			return nil
		}
		if math.IsInf(total, 0) {
			total = 0
		}
		return protocol.AppendProgress(nil, token, progress, total, message)
	})
}

// advances reports whether a progress is a number beyond the one that was told
// last, as it must be (MCP 2026-07-28, basic/patterns/progress). The caller holds
// mu.
func (l *line) advances(progress float64) bool {
	if math.IsNaN(progress) || math.IsInf(progress, 0) || l.far != nil && progress <= *l.far {
		return false
	}
	l.far = &progress
	return true
}

// Log implements [dialogue.Line].
func (l *line) Log(level protocol.Level, logger string, data json.RawMessage) {
	l.send(func() []byte {
		if least := l.c.logLevel(); least != 0 && level >= least {
			return protocol.AppendLog(nil, level, logger, data)
		}
		return nil
	})
}

// logLevel is the least level of log messages that the client wants; 0 when it
// wants none.
func (c *call) logLevel() protocol.Level {
	if c.version.Modern() {
		return c.m.LogLevel()
	}
	if c.x.Peer != nil && c.x.Peer.Level() != 0 {
		return c.x.Peer.Level()
	}
	return protocol.Info // our choice, until the client makes one
}

// Can implements [dialogue.Line]: what the client has declared with its request,
// or with its session.
func (l *line) Can() protocol.Capabilities {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read || l.over {
		return l.can
	}
	l.read = true
	switch {
	case l.c.version.Modern():
		l.can = l.c.m.ClientCapabilities()
	case l.c.x.Peer != nil:
		l.can = l.c.x.Peer.Can()
	}
	return l.can
}

// HangUp implements [dialogue.Line].
func (l *line) HangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over && l.c.x.Streams {
		l.c.x.HangUp()
	}
}

// Ask implements [dialogue.Line]: a modern client is asked by the end of the
// call, one of the older era over its stream.
func (l *line) Ask(ctx context.Context, questions protocol.InputRequests) (protocol.InputResponses, error) {
	if l.c.version.Modern() {
		return l.c.rounds.ask(questions)
	}
	peer := l.c.x.Peer
	if peer == nil || !l.c.x.Streams {
		return nil, &dialogue.Unanswered{Method: methodsOf(questions), Reason: "it cannot be asked without a session and an event stream."}
	}
	if l.c.ctx.Err() != nil {
		return nil, &dialogue.Unanswered{Method: methodsOf(questions), Reason: "the call is over."}
	}
	l.c.yield()
	defer l.c.resume()
	ctx, cancel := context.WithTimeout(ctx, time.Duration(l.c.st.doc.Limits.AnswerTimeout))
	defer cancel()
	asked := map[string]question{}
	for _, key := range questions.Keys() {
		q := question{method: questions[key].Method, asks: questions[key]}
		q.id, q.reply, q.forget = peer.Question()
		defer q.forget()
		asked[key] = q
		if err := l.send(func() []byte { return protocol.AppendRequest(nil, q.id, q.asks) }); err != nil {
			return nil, &dialogue.Unanswered{Method: q.method, Reason: "it cannot be reached."}
		}
	}
	answers := protocol.InputResponses{}
	for key, q := range asked {
		answer, err := l.await(ctx, q)
		if err != nil {
			l.withdraw(asked, answers)
			return nil, err
		}
		answers[key] = answer
	}
	return answers, nil
}

// Given implements [dialogue.Line].
func (l *line) Given() protocol.InputResponses { return l.c.rounds.given }

// methodsOf names the method of one of the questions.
func methodsOf(questions protocol.InputRequests) string {
	for _, key := range questions.Keys() {
		return questions[key].Method
	}
	return ""
}

// question is one that a client of the older era has been asked.
type question struct {
	id     string
	method string
	asks   protocol.InputRequest
	reply  <-chan session.Reply
	forget func()
}

// await waits for the answer to a question.
func (l *line) await(ctx context.Context, q question) (json.RawMessage, error) {
	refused := func(format string, args ...any) error {
		return &dialogue.Unanswered{Method: q.method, Reason: fmt.Sprintf(format, args...)}
	}
	tick := time.NewTicker(transport.KeepAlivePeriod)
	defer tick.Stop()
	stopping := l.c.x.Stopping()
	for {
		select {
		case r, ok := <-q.reply:
			if !ok {
				return nil, refused("it has gone.")
			}
			if r.Result == nil {
				return nil, refused("it says %q.", messageOf(r.Error))
			}
			if err := q.asks.Fits(r.Result); err != nil {
				return nil, refused("%s.", err.Message)
			}
			return r.Result, nil
		case <-tick.C:
			l.keepAlive()
		case <-stopping:
			if l.c.rt.after.Load() == nil {
				return nil, refused("the server is stopping.")
			}
			stopping = nil // the answer comes by way of the successor
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, refused("it has not done so within limits.answer_timeout, %s.", time.Duration(l.c.st.doc.Limits.AnswerTimeout))
			}
			return nil, ctx.Err()
		}
	}
}

func (l *line) keepAlive() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.c.x.KeepAlive() // a client that has gone may come back
	}
}

// withdraw tells the client which questions need no answer any more.
func (l *line) withdraw(asked map[string]question, answers protocol.InputResponses) {
	for key, q := range asked {
		if answers[key] == nil {
			l.send(func() []byte { return protocol.AppendCancel(nil, q.id, "The call has ended.") })
		}
	}
}

// messageOf is the message of a JSON-RPC error.
func messageOf(raw json.RawMessage) string {
	var e struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Message == "" {
		return "no"
	}
	return e.Message
}

// Background implements [dialogue.Line].
func (l *line) Background(ctx context.Context, work dialogue.Work) (*protocol.ToolResult, error) {
	if l.Can()&protocol.CanTask == 0 {
		return work(ctx)
	}
	if err := l.c.begin(work); err != nil {
		return work(ctx)
	}
	return &protocol.ToolResult{}, nil
}
