package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newPlan(c *cli) *cobra.Command {
	var p planning
	var out string
	var detailed, asJSON bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what apply would do",
		Long: "Compare the configuration with the world and show what apply would do. Changes\n" +
			"nothing. With -out the plan is saved, to be applied as it is; it holds no secret.",
		Example: "  erlmcp plan\n  erlmcp plan -out tonight.plan\n  erlmcp plan -detailed-exitcode   # exit status 2 when there are changes",
		Args:    words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.check(); err != nil {
				return err
			}
			made, err := c.plan(cmd.Context(), p, out != "")
			if err != nil {
				return err
			}
			if out != "" {
				if err := savePlan(out, made); err != nil {
					return err
				}
			}
			if asJSON {
				err = view.JSON(c.out, view.NewPlanJSON(made))
			} else {
				view.Plan(c.out, view.StyleOf(c.out), view.TypesOf(providers()), made)
				if out != "" {
					fmt.Fprintf(c.out, "\nSaved to %s. Carry it out with: erlmcp apply %s\n", out, out)
				}
			}
			if err == nil && detailed && !made.Empty() {
				return exitCode(exitDifference)
			}
			return err
		},
	}
	p.register(cmd)
	p.registerModes(cmd)
	cmd.Flags().StringVar(&out, "out", "", "save the plan to this `file`")
	cmd.Flags().BoolVar(&detailed, "detailed-exitcode", false, "exit with 2 when there are changes")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func savePlan(file string, made *plan.Plan) error {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return diag.Errorf("The plan cannot be saved there", "%s is not a file.", file).Fix("Give -out the name of a file.")
	}
	if err := plan.Write(file, made); err != nil {
		return diag.Errorf("The plan cannot be saved", "%s.", capital(err.Error())).Fix("Give -out a file in a folder where you may write and that has room.")
	}
	return nil
}

// plan makes a plan without locking the state. A plan that is to be saved needs
// a state that it can be held against, which is written when there is none.
func (c *cli) plan(ctx context.Context, p planning, saved bool) (*plan.Plan, error) {
	conf, err := c.loadFor(p)
	if err != nil {
		return nil, err
	}
	recorded, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	if saved && recorded.Fresh {
		if recorded, err = c.beginState(ctx); err != nil {
			return nil, err
		}
	}
	made, diags := c.make(ctx, p, conf, providers(), recorded)
	return made, c.failed(diags)
}

func (c *cli) beginState(ctx context.Context) (*state.View, error) {
	session, err := c.lock(ctx, "plan", 0)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	if err := session.Init(ctx); err != nil {
		return nil, aboutState(c.opened, "Cannot write the state", err)
	}
	return session.View(), nil
}
