package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newValidate(c *cli) *cobra.Command {
	var in inputs
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check the configuration without looking at any target",
		Args:  words(0, 0),
		RunE: func(*cobra.Command, []string) error {
			conf, err := c.load(in)
			if err == nil {
				err = lowers(conf)
			}
			if asJSON {
				return c.validatedJSON(err)
			}
			if err != nil {
				return err
			}
			view.Valid(c.out, view.StyleOf(c.out), len(conf.Instances()))
			return nil
		},
	}
	in.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// lowers checks that each instance becomes resources of its target.
func lowers(conf *config.Configuration) error {
	kinds := providers()
	var all diag.List
	for _, i := range conf.Instances() {
		instance, diags := conf.Evaluate(i.Ref, &config.Exports{})
		all = append(all, diags...)
		if diags.HasErrors() {
			continue
		}
		_, diags = lower(kinds, instance)
		all = append(all, diags...)
	}
	return all.Err()
}

func lower(kinds map[string]resource.Provider, in resource.Instance) (resource.Lowered, diag.List) {
	p, ok := kinds[in.Target.Address.Kind]
	if !ok {
		return resource.Lowered{}, diag.List{diag.Errorf("Unknown kind of target", "This erlmcp has no provider for %s.", in.Target.Address)}
	}
	return p.Lower(in)
}

func (c *cli) validatedJSON(err error) error {
	report := struct {
		Valid       bool                  `json:"valid"`
		Diagnostics []view.DiagnosticJSON `json:"diagnostics"`
	}{err == nil, view.DiagnosticsJSON(diag.FromError(err))}
	if werr := view.JSON(c.out, report); werr != nil {
		return fmt.Errorf("write the report: %w", werr)
	}
	if err != nil {
		return exitCode(exitError)
	}
	return nil
}
