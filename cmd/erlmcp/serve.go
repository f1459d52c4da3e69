package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
)

func newServe(c *cli) *cobra.Command {
	var in inputs
	var stdio bool
	cmd := &cobra.Command{
		Use:   "serve [SERVER]",
		Short: "Run a server of the configuration in the foreground",
		Long: "Run a server of the configuration in the foreground, here, without a target and\n" +
			"without state: for trying out, and for clients that start a server themselves\n" +
			"(-stdio). SERVER may be left out when there is only one.",
		Example: "  erlmcp serve\n  erlmcp serve 'weather[\"eu\"]' -stdio",
		Args:    words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			conf, err := c.loadWith(config.Options{Vars: in.vars, InPlace: true})
			if err != nil {
				return err
			}
			doc, err := pick(conf, args)
			if err != nil {
				return err
			}
			return c.serve(cmd.Context(), doc, stdio)
		},
	}
	in.register(cmd)
	cmd.Flags().BoolVar(&stdio, "stdio", false, "speak MCP on standard input and output instead of a port")
	return cmd
}

// pick evaluates the server that the user asked for.
func pick(conf *config.Configuration, args []string) (*schemas.Server, error) {
	var names []string
	var found *config.Instance
	for _, i := range conf.Instances() {
		name := strings.TrimPrefix(i.Server.String(), "server.")
		names = append(names, name)
		if len(args) == 0 || args[0] == name || args[0] == i.Server.String() {
			found = &i
		}
	}
	switch {
	case len(names) == 0:
		return nil, diag.Errorf("No server to run", "The configuration has no server.").Fix("Write a server block; erlmcp init shows one.")
	case len(args) == 0 && len(names) > 1:
		return nil, diag.Errorf("Which server?", "The configuration has %s.", strings.Join(names, ", ")).Fix("Name one: erlmcp serve '%s'.", names[0])
	case found == nil:
		d := diag.Errorf("No such server", "The configuration has no server %q; it has %s.", args[0], strings.Join(names, ", "))
		if near := diag.Suggest(args[0], names); near != "" {
			d.Fix("Did you mean %q?", near)
		}
		return nil, d
	}
	in, diags := conf.Evaluate(found.Ref, &config.Exports{})
	if diags.HasErrors() {
		return nil, diags.Err()
	}
	if !in.Document.IsWhollyKnown() {
		return nil, diag.Errorf("The server needs another one", "%s mentions a server that has to be applied first.", in.Address).
			Fix("Run that one with erlmcp apply, and give its URL as a variable.")
	}
	raw, err := schemas.Encode(in.Document)
	if err != nil {
		return nil, err
	}
	return schemas.Parse(raw)
}

func (c *cli) serve(ctx context.Context, doc *schemas.Server, stdio bool) error {
	if err := server.Override(doc, os.Getenv); err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	runtime, err := server.New(doc, server.Options{FilesDir: dir, Log: c.err})
	if err != nil {
		return fmt.Errorf("build the server: %w", err)
	}
	if !stdio {
		return runtime.Run(ctx)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.ServeStdio(io.NopCloser(c.in), c.out)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return runtime.Stop()
}
