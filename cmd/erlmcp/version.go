package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/engine/view"
	"github.com/erlmcp/erlmcp/version"
)

func newVersion(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print version and commit",
		Args:  words(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return view.JSON(c.out, map[string]string{"version": version.Version, "commit": version.Commit})
			}
			_, err := fmt.Fprintf(c.out, "erlmcp %s\n", version.String())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
