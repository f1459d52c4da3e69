package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/erlmcp/erlmcp/server/control"
)

// ask puts one question to a running server, over its control socket.
func ask(question string, args []string) int {
	flags := flag.NewFlagSet(question, flag.ContinueOnError)
	socket := flags.String("control", "", "path of the control socket of the server")
	timeout := flags.Duration("timeout", 30*time.Second, "longest wait for the answer")
	q := control.NewQuestion(question, flags)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *socket == "" || flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "erlmcpd: %s needs -control, and takes no other arguments\n", question)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout+q.Takes())
	defer cancel()
	client, err := control.Dial(*socket)
	if err != nil {
		return fail(err)
	}
	defer client.Close()
	switch err := q.Ask(ctx, client, os.Stdout); {
	case errors.Is(err, control.ErrUnhealthy):
		return 1 // what was printed says why
	case err != nil:
		return fail(err)
	}
	return 0
}
