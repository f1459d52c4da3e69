package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/transport"
)

// line is the way from what carries out a call to the client of that call. Once
// the call is answered it is silent, as what runs on may still hold it.
type line struct {
	c     *call
	token json.RawMessage // of progress; nil when the client wants none
	level protocol.Level  // of log messages; 0 when the client wants none
	can   protocol.Capabilities

	mu   sync.Mutex
	over bool
}

// newLine returns the line of a request: what the client has declared with it, or
// with its session.
func newLine(c *call) *line {
	l := &line{c: c, token: c.m.ProgressToken()}
	switch {
	case c.version.Modern():
		l.level, l.can = c.m.LogLevel(), c.m.ClientCapabilities()
	case c.x.Peer != nil:
		l.can = c.x.Peer.Can()
		if l.level = c.x.Peer.Level(); l.level == 0 {
			l.level = protocol.Info // our choice, until the client makes one
		}
	}
	return l
}

// close silences the line.
func (l *line) close() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
}

// send sends a message on the stream of the call, if there can be one.
func (l *line) send(message []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over || !l.c.x.Streams {
		return errNoStream
	}
	return l.c.x.Notify(message)
}

var errNoStream = errors.New("the call has no stream")

// Progress implements [dialogue.Line].
func (l *line) Progress(progress, total float64, message string) {
	if l.token != nil {
		l.send(protocol.AppendProgress(nil, l.token, progress, total, message))
	}
}

// Log implements [dialogue.Line].
func (l *line) Log(level protocol.Level, logger string, data json.RawMessage) {
	if l.level != 0 && level >= l.level {
		l.send(protocol.AppendLog(nil, level, logger, data))
	}
}

// Can implements [dialogue.Line].
func (l *line) Can() protocol.Capabilities { return l.can }

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
		if err := l.send(protocol.AppendRequest(nil, q.id, q.asks)); err != nil {
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
		case <-l.c.x.Stopping():
			return nil, refused("the server is stopping.")
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
			l.send(protocol.AppendCancel(nil, q.id, "The call has ended."))
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
	if l.can&protocol.CanTask == 0 {
		return work(ctx)
	}
	if err := l.c.begin(work); err != nil {
		return work(ctx)
	}
	return &protocol.ToolResult{}, nil
}
