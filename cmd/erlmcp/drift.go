package main

import (
	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newDrift(c *cli) *cobra.Command {
	p := planning{refreshOnly: true, looking: true}
	var asJSON, asMarkdown bool
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "Tell how the world has moved since the last apply",
		Long: "Look at everything that was applied, and tell what is not as it was left. Changes\n" +
			"nothing. Exit status: 0 no drift, 2 drift, 1 error.",
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.check(); err != nil {
				return err
			}
			made, err := c.plan(cmd.Context(), p, false)
			if err != nil {
				return err
			}
			if len(made.Unverified) > 0 {
				return plan.NotVerified(made)
			}
			switch {
			case asJSON:
				if err := view.JSON(c.out, view.NewDriftJSON(made)); err != nil {
					return err
				}
			case asMarkdown:
				view.DriftMarkdown(c.out, made)
			default:
				view.Drift(c.out, view.StyleOf(c.out), made)
			}
			if made.Drifted() {
				return exitCode(exitDifference)
			}
			return nil
		},
	}
	p.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asMarkdown, "markdown", false, "print Markdown, for a report")
	return cmd
}
