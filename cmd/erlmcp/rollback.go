package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/release"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newRollback(c *cli) *cobra.Command {
	a := applying{planning: planning{mode: plan.Normal}}
	var to int
	cmd := &cobra.Command{
		Use:   "rollback",
		Short: "Apply again what an earlier revision applied",
		Long: "Plan towards what an earlier revision left, show the plan, ask, and carry it out: by\n" +
			"default the latest revision before the present one that was applied without a failure.\n" +
			"The files of the configuration stay as they are, so the next apply goes forward again.\n" +
			"Secrets are those of the present configuration and variables, and must be the same as then.",
		Example: "  erlmcp history\n  erlmcp rollback\n  erlmcp rollback -to 7",
		Args:    words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			return c.rollback(cmd.Context(), a, to)
		},
	}
	a.register(cmd)
	cmd.Flags().IntVar(&to, "to", 0, "`number` of the revision")
	return cmd
}

func (c *cli) rollback(ctx context.Context, a applying, to int) (err error) {
	conf, err := c.load(a.inputs)
	if err != nil {
		return err
	}
	session, err := c.lock(ctx, "rollback", a.wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	now := session.View().Snapshot
	if to == 0 {
		if to, err = before(now); err != nil {
			return err
		}
	}
	then, err := c.at(ctx, now, to)
	if err != nil {
		return err
	}
	past, diags := release.Revive(release.Options{
		Snapshot: then, Revision: to, Present: conf, Providers: providers(), File: local.Files{Dir: c.dir}.Find,
	})
	if err := c.failed(diags); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s\n\n", view.StyleOf(c.out).Paint(view.Bold, fmt.Sprintf("Back to what revision %d left:", to)))
	return c.planAndCarryOut(ctx, a, past, past.Providers(providers()), session)
}

// before is the latest revision before the present one that was applied without a
// failure.
func before(now *state.Snapshot) (int, error) {
	for i := len(now.History) - 1; i >= 0; i-- {
		if r := now.History[i]; r.Number < now.Revision.Number && r.Outcome == state.OutcomeDone {
			return r.Number, nil
		}
	}
	return 0, diag.Errorf("There is nothing to go back to", "No revision before the present one was applied without a failure.").
		Fix("See erlmcp history, and name one: erlmcp rollback -to N.")
}
