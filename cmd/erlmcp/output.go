package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newOutput(c *cli) *cobra.Command {
	var asJSON, raw bool
	cmd := &cobra.Command{
		Use:   "output [NAME]",
		Short: "Read outputs",
		Long: "Read the outputs of the last apply. A sensitive output is not kept, and cannot be\n" +
			"read back.",
		Example: "  erlmcp output\n  erlmcp call $(erlmcp output -raw url) tools/list",
		Args:    words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := c.read(cmd.Context())
			if err != nil {
				return err
			}
			list := v.Snapshot.Outputs
			if len(args) == 0 {
				if raw {
					return diag.Errorf("Which output?", "-raw prints one output.").Fix("Name it: erlmcp output -raw NAME.")
				}
				if asJSON {
					return view.JSON(c.out, view.OutputsJSON(list))
				}
				if len(list) == 0 {
					fmt.Fprintln(c.out, "There are no outputs.")
				}
				view.Outputs(c.out, view.StyleOf(c.out), list)
				return nil
			}
			return c.output(args[0], list, asJSON, raw)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&raw, "raw", false, "print the value alone, without quotes")
	return cmd
}

func (c *cli) output(name string, list map[string]state.Output, asJSON, raw bool) error {
	o, ok := list[name]
	if !ok {
		names := slices.Sorted(maps.Keys(list))
		d := diag.Errorf("No such output", "The state has no output %q.", name)
		if len(names) > 0 {
			d.Detail = fmt.Sprintf("The state has no output %q; it has %s.", name, strings.Join(names, ", "))
		}
		if near := diag.Suggest(name, names); near != "" {
			return d.Fix("Did you mean %q?", near)
		}
		return d.Fix("Outputs are there after erlmcp apply.")
	}
	if o.Sensitive {
		return diag.Errorf("The output is sensitive", "%q is not kept in the state and cannot be read back.", name)
	}
	switch v := o.Value.Values; {
	case asJSON:
		return view.JSON(c.out, view.OutputsJSON(list)[name].(map[string]any)["value"])
	case raw && v.Type() == cty.String && !v.IsNull():
		_, err := fmt.Fprintln(c.out, v.AsString())
		return err
	case raw && !v.Type().IsPrimitiveType():
		return diag.Errorf("The output is not a text", "-raw prints a string, a number or a bool; %q is %s.", name, v.Type().FriendlyName()).Fix("Use -json.")
	}
	_, err := fmt.Fprintln(c.out, view.OutputText(o.Value.Values))
	return err
}
