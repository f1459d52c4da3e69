package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newState(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Look at what is recorded",
		Args:  cobra.ArbitraryArgs,
		RunE:  helpOrUnknown,
	}
	cmd.AddCommand(newStateList(c), newStateShow(c))
	return cmd
}

func newStateList(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "list [ADDRESS…]",
		Short: "List the recorded resources",
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := c.read(cmd.Context())
			if err != nil {
				return err
			}
			for _, a := range v.Snapshot.Addresses() {
				if covered(args, a) {
					fmt.Fprintln(c.out, a)
				}
			}
			for _, a := range v.Snapshot.UncertainAddresses() {
				if _, recorded := v.Snapshot.Resources[a]; !recorded && covered(args, a) {
					fmt.Fprintln(c.out, a, "(uncertain: an apply was interrupted)")
				}
			}
			return nil
		},
	}
}

func covered(patterns []string, a address.Resource) bool {
	for _, p := range patterns {
		if address.Covers(p, a) {
			return true
		}
	}
	return len(patterns) == 0
}

func newStateShow(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "show ADDRESS",
		Short:   "Show what is recorded of one resource, or of all that an address covers",
		Example: "  erlmcp state show server.weather\n  erlmcp state show server.weather@docker.local/container",
		Args:    words(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := c.read(cmd.Context())
			if err != nil {
				return err
			}
			var found []*state.Resource
			var names []string
			for _, a := range v.Snapshot.Addresses() {
				names = append(names, a.String())
				if address.Covers(args[0], a) {
					found = append(found, v.Snapshot.Resources[a])
				}
			}
			if len(found) == 0 {
				d := diag.Errorf("Nothing is recorded there", "The state has no resource %q.", args[0])
				if near := diag.Suggest(args[0], names); near != "" {
					return d.Fix("Did you mean %s?", near)
				}
				return d.Fix("See erlmcp state list.")
			}
			if asJSON {
				return view.JSON(c.out, view.ResourcesJSON(found))
			}
			view.Resources(c.out, view.StyleOf(c.out), found)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
