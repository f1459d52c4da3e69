package main

import (
	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/engine/view"
)

func newHistory(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Show what was applied, when, and by whom",
		Long: "Show the last revisions, the latest first. Each apply that changes something is one.\n" +
			"What a revision left is shown by erlmcp show revision N.",
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := c.read(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return view.JSON(c.out, view.HistoryJSON(v.Snapshot))
			}
			view.History(c.out, view.StyleOf(c.out), v.Snapshot)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
