package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/docker"
	"github.com/erlmcp/erlmcp/providers/gke"
	"github.com/erlmcp/erlmcp/providers/host"
	"github.com/erlmcp/erlmcp/providers/kubernetes"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
)

// inputs are the flags by which variables are set, in the order of the command
// line.
type inputs struct {
	vars []config.VarAssignment
}

func (in *inputs) register(cmd *cobra.Command) {
	cmd.Flags().Var(varFlag{in}, "var", "set a variable: `NAME=VALUE`; may be repeated")
	cmd.Flags().Var(varFileFlag{in}, "var-file", "set variables from this `file`; may be repeated")
}

type varFlag struct{ in *inputs }

func (varFlag) String() string { return "" }
func (varFlag) Type() string   { return "string" }
func (f varFlag) Set(arg string) error {
	v, err := config.ParseVar(arg)
	f.in.vars = append(f.in.vars, v)
	return err
}

type varFileFlag struct{ in *inputs }

func (varFileFlag) String() string { return "" }
func (varFileFlag) Type() string   { return "string" }
func (f varFileFlag) Set(file string) error {
	f.in.vars = append(f.in.vars, config.VarAssignment{File: file})
	return nil
}

// providers are the kinds of target that this erlmcp knows.
func providers() map[string]resource.Provider {
	out := map[string]resource.Provider{}
	for _, p := range []resource.Provider{sim.New(), host.New(), docker.New(), kubernetes.New(), gke.New(kubernetes.New())} {
		out[p.Kind()] = p
	}
	return out
}

// targetSchemas are the bodies of target blocks, by kind.
func targetSchemas() map[string]*schemas.Block {
	out := map[string]*schemas.Block{}
	for kind, p := range providers() {
		out[kind] = p.Schema()
	}
	return out
}

// load reads the configuration of the working folder. Warnings are printed.
func (c *cli) load(in inputs) (*config.Configuration, error) {
	return c.loadWith(config.Options{Vars: in.vars})
}

func (c *cli) loadWith(opts config.Options) (*config.Configuration, error) {
	opts.Environ = os.Environ()
	opts.Targets = targetSchemas()
	opts.Check = server.Check
	conf, diags := config.Load(c.dir, opts)
	c.sources = conf.Sources()
	if !diags.HasErrors() {
		c.backend, c.backendRead = conf.Backend(), true
	}
	if diags.HasErrors() {
		return nil, diags.Err()
	}
	c.warn(diags)
	return conf, nil
}

// failed passes on the errors among diagnostics, or prints the warnings.
func (c *cli) failed(diags diag.List) error {
	if diags.HasErrors() {
		return diags.Err()
	}
	c.warn(diags)
	return nil
}
