package upstream

import (
	"context"
	"errors"
	"time"

	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// attend waits on behalf of the client at the other end for the answer of the
// upstream, and has the client answer what it asks meanwhile.
func (u *Upstream) attend(ctx context.Context, e *exchange) (any, error) {
	client := dialogue.From(ctx)
	for {
		timer := time.NewTimer(u.timeout())
		select {
		case <-e.over:
			timer.Stop()
			u.forget(e)
			return e.result, e.err
		case <-e.asked:
			timer.Stop()
			if err := u.consult(ctx, e, client); err != nil {
				return nil, err
			}
		case <-timer.C:
			err := refuse("The server behind this, %s, did not answer within %s", u.name, u.timeout())
			u.abandon(e, err)
			return nil, err
		case <-ctx.Done():
			timer.Stop()
			u.abandon(e, ctx.Err())
			return nil, ctx.Err()
		}
	}
}

// consult has the client answer what is open. The error ends the call: the client
// is to make it again, or has given it up.
func (u *Upstream) consult(ctx context.Context, e *exchange, client *dialogue.Client) error {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		answers protocol.InputResponses
		err     error
	}
	for _, q := range e.waiting() {
		done := make(chan outcome, 1)
		go func() { // ends with the context of the question at the latest
			answers, err := client.Ask(asking, q.requests)
			done <- outcome{answers, err}
		}()
		var o outcome
		select {
		case o = <-done:
		case <-q.withdrawn:
			cancel()
			<-done
			return nil
		case <-e.over:
			cancel()
			<-done
			return nil
		}
		switch {
		case errors.Is(o.err, dialogue.ErrInputRequired):
			e.park(u.env.AnswerTimeout, func() {
				u.abandon(e, refuse("The client was asked and has not come back"))
			})
			return o.err
		case ctx.Err() != nil:
			u.abandon(e, ctx.Err())
			return ctx.Err()
		}
		e.settle(q, o.answers, o.err)
	}
	return nil
}
