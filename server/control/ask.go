package control

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// Questions are the names that [NewQuestion] knows.
var Questions = []string{"health", "status", "ping", "reload", "drain", "stop", "sessions", "log-level", "reopen-logs", "profile"}

// ErrUnhealthy is the error of the question "health" when the server says that it
// is not well.
var ErrUnhealthy = errors.New("the server is not healthy")

// Question is an operation as a command line asks for it.
type Question struct {
	name  string
	level string
	most  int
	kind  string
	span  time.Duration
}

// NewQuestion declares the flags of a question, one of [Questions].
func NewQuestion(name string, flags *flag.FlagSet) *Question {
	q := &Question{name: name}
	switch name {
	case "log-level":
		flags.StringVar(&q.level, "level", "info", "trace, debug, info, warn or error")
	case "sessions":
		flags.IntVar(&q.most, "most", 100, "how many to print, those used last")
	case "profile":
		flags.StringVar(&q.kind, "kind", "cpu", "cpu, heap, allocs or goroutine")
		flags.DurationVar(&q.span, "span", 10*time.Second, "how long to record, for cpu")
	}
	return q
}

// Takes is how long the answer takes at least.
func (q *Question) Takes() time.Duration { return q.span }

// Ask puts the question, whose flags have been parsed, and writes the answer: JSON,
// or a profile, or nothing.
func (q *Question) Ask(ctx context.Context, c *Client, out io.Writer) error {
	err := q.put(ctx, c, out)
	if err != nil && !errors.Is(err, ErrUnhealthy) {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	return err
}

func (q *Question) put(ctx context.Context, c *Client, out io.Writer) error {
	switch q.name {
	case "health":
		ok, body, err := c.Health(ctx)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s\n", body)
		}
		if err == nil && !ok {
			err = ErrUnhealthy
		}
		return err
	case "status":
		s, err := c.Status(ctx)
		return show(out, s, err)
	case "sessions":
		s, err := c.Sessions(ctx, q.most)
		return show(out, append([]Session{}, s...), err)
	case "profile":
		p, err := c.Profile(ctx, q.kind, q.span)
		if err == nil {
			_, err = out.Write(p)
		}
		return err
	case "ping":
		return c.Ping(ctx)
	case "reload":
		return c.Reload(ctx)
	case "drain":
		return c.Drain(ctx)
	case "reopen-logs":
		return c.ReopenLogs(ctx)
	case "log-level":
		return c.SetLevel(ctx, q.level)
	case "stop":
		return c.Stop(ctx)
	}
	return errors.New("there is no such question")
}

// show writes an answer as JSON.
func show(out io.Writer, answer any, err error) error {
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(answer, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(out, "%s\n", b)
	}
	return err
}

// Ask puts a question with its flags, such as ["profile", "-kind=heap"], to the
// server behind a socket, and writes the answer.
func Ask(ctx context.Context, socketPath string, question []string, out io.Writer) error {
	flags := flag.NewFlagSet(question[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	q := NewQuestion(question[0], flags)
	if err := flags.Parse(question[1:]); err != nil {
		return fmt.Errorf("%s: %w", question[0], err)
	}
	c, err := Dial(socketPath)
	if err != nil {
		return err
	}
	defer c.Close()
	return q.Ask(ctx, c, out)
}
