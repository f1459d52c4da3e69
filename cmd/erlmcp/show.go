package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newShow(c *cli) *cobra.Command {
	var asJSON, asMarkdown bool
	var revision int
	cmd := &cobra.Command{
		Use:     "show [PLAN | revision N]",
		Short:   "Show the state, a saved plan, or what a revision left",
		Example: "  erlmcp show\n  erlmcp show tonight.plan\n  erlmcp show revision 7",
		Args:    words(0, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			style := view.StyleOf(c.out)
			if len(args) == 2 {
				n, err := strconv.Atoi(args[1])
				if args[0] != "revision" || err != nil || n < 1 {
					return diag.Errorf("Which one?", "%q is not a revision.", strings.Join(args, " ")).Fix("Write erlmcp show revision 7, with a number from erlmcp history.")
				}
				revision, args = n, nil
			}
			if len(args) == 1 && revision != 0 {
				return diag.Errorf("Which one?", "Either a saved plan or a revision is shown.")
			}
			if len(args) == 1 {
				saved, err := plan.Read(args[0])
				if err != nil {
					return err
				}
				switch {
				case asJSON:
					return view.JSON(c.out, view.NewPlanJSON(saved))
				case asMarkdown:
					view.PlanMarkdown(c.out, view.TypesOf(providers()), saved)
					return nil
				}
				view.Plan(c.out, style, view.TypesOf(providers()), saved)
				return nil
			}
			if asMarkdown {
				return diag.Errorf("Only a plan is shown as Markdown", "-markdown is for a saved plan.").Fix("Write erlmcp show -markdown PLAN.")
			}
			v, err := c.read(cmd.Context())
			if err != nil {
				return err
			}
			if revision != 0 {
				if v.Snapshot, err = c.at(cmd.Context(), v.Snapshot, revision); err != nil {
					return err
				}
			}
			if asJSON {
				return view.JSON(c.out, view.NewStateJSON(v))
			}
			view.State(c.out, style, v)
			return nil
		},
	}
	cmd.Flags().IntVar(&revision, "revision", 0, "the state as the revision of this `number` left it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&asMarkdown, "markdown", false, "print a saved plan as Markdown, for a comment on a pull request")
	return cmd
}
