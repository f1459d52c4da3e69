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

// ask puts one question to a running server, over its control socket.
func ask(question string, args []string) int {
	flags := flag.NewFlagSet(question, flag.ContinueOnError)
	socket := flags.String("control", "", "path of the control socket of the server")
	timeout := flags.Duration("timeout", 30*time.Second, "longest wait for the answer")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *socket == "" || flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "erlmcpd: %s needs -control, and takes no other arguments\n", question)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	client, err := control.Dial(*socket)
	if err != nil {
		return fail(err)
	}
	defer client.Close()
	switch question {
	case "health":
		return health(ctx, client)
	case "status":
		return status(ctx, client)
	case "ping":
		err = client.Ping(ctx)
	case "reload":
		err = client.Reload(ctx)
	case "upgrade":
		err = client.Upgrade(ctx)
	case "stop":
		err = client.Stop(ctx)
	}
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

func status(ctx context.Context, client *control.Client) int {
	s, err := client.Status(ctx)
	if err != nil {
		return fail(fmt.Errorf("status: %w", err))
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fail(fmt.Errorf("status: %w", err))
	}
	fmt.Printf("%s\n", out)
	return 0
}
