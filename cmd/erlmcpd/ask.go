package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/erlmcp/erlmcp/server/control"
)

// question is one to a running server, and what comes with it.
type question struct {
	name  string
	level string
	most  int
	kind  string
	span  time.Duration
}

// ask puts one question to a running server, over its control socket.
func ask(name string, args []string) int {
	q := question{name: name}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	socket := flags.String("control", "", "path of the control socket of the server")
	timeout := flags.Duration("timeout", 30*time.Second, "longest wait for the answer")
	switch name {
	case "log-level":
		flags.StringVar(&q.level, "level", "info", "trace, debug, info, warn or error")
	case "sessions":
		flags.IntVar(&q.most, "most", 100, "how many to print, those used last")
	case "profile":
		flags.StringVar(&q.kind, "kind", "cpu", "cpu, heap, allocs or goroutine")
		flags.DurationVar(&q.span, "span", 10*time.Second, "how long to record, for cpu")
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *socket == "" || flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "erlmcpd: %s needs -control, and takes no other arguments\n", name)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout+q.span)
	defer cancel()
	client, err := control.Dial(*socket)
	if err != nil {
		return fail(err)
	}
	defer client.Close()
	switch name {
	case "health":
		return health(ctx, client)
	case "status":
		s, err := client.Status(ctx)
		return show(name, s, err)
	case "sessions":
		s, err := client.Sessions(ctx, q.most)
		return show(name, append([]control.Session{}, s...), err)
	case "profile":
		p, err := client.Profile(ctx, q.kind, q.span)
		if err == nil {
			_, err = os.Stdout.Write(p)
		}
		return ended(name, err)
	}
	return ended(name, tell(ctx, client, q))
}

// tell asks for what has no answer but that it was done.
func tell(ctx context.Context, client *control.Client, q question) error {
	switch q.name {
	case "ping":
		return client.Ping(ctx)
	case "reload":
		return client.Reload(ctx)
	case "drain":
		return client.Drain(ctx)
	case "reopen-logs":
		return client.ReopenLogs(ctx)
	case "log-level":
		return client.SetLevel(ctx, q.level)
	}
	return client.Stop(ctx)
}

func ended(question string, err error) int {
	if err != nil {
		return fail(fmt.Errorf("%s: %w", question, err))
	}
	return 0
}

func health(ctx context.Context, client *control.Client) int {
	ok, body, err := client.Health(ctx)
	if err != nil {
		return fail(fmt.Errorf("health: %w", err))
	}
	fmt.Printf("%s\n", body)
	if !ok {
		return 1
	}
	return 0
}

// show prints an answer as JSON.
func show(question string, answer any, err error) int {
	if err != nil {
		return ended(question, err)
	}
	out, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		return ended(question, err)
	}
	fmt.Printf("%s\n", out)
	return 0
}
