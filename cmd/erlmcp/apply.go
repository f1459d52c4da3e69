package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/engine/view"
	"github.com/erlmcp/erlmcp/providers/smoke"
)

// applying are the flags of the commands that change the world.
type applying struct {
	planning
	approved bool
	wait     time.Duration
}

// check reads the flags once they are parsed.
func (a *applying) check() error {
	if a.wait < 0 {
		return diag.Errorf("Wrong time to wait", "-lock-timeout is %s; it cannot be negative.", a.wait)
	}
	return a.planning.check()
}

func (a *applying) register(cmd *cobra.Command) {
	a.planning.register(cmd)
	cmd.Flags().BoolVar(&a.approved, "auto-approve", false, "do not ask")
	cmd.Flags().DurationVar(&a.wait, "lock-timeout", 0, "how long to wait for another apply to end")
}

func newApply(c *cli) *cobra.Command {
	var a applying
	cmd := &cobra.Command{
		Use:   "apply [PLAN]",
		Short: "Make the world as the configuration says",
		Long: "Plan, show the plan, ask, and carry it out. With the file of a saved plan, carry that\n" +
			"out as it is: it is refused when the state, the configuration or the variables have\n" +
			"moved on since. Ctrl-C lets the operations in flight finish and saves.",
		Example: "  erlmcp apply\n  erlmcp apply -auto-approve\n  erlmcp apply tonight.plan",
		Args:    words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(); err != nil {
				return err
			}
			if len(args) == 1 {
				return c.applySaved(cmd.Context(), a, args[0])
			}
			return c.planAndApply(cmd.Context(), a)
		},
	}
	a.register(cmd)
	a.registerModes(cmd)
	return cmd
}

func newDestroy(c *cli) *cobra.Command {
	a := applying{planning: planning{destroy: true}}
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Remove everything that this configuration made",
		Args:  words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			return c.planAndApply(cmd.Context(), a)
		},
	}
	a.register(cmd)
	return cmd
}

func (a *applying) operation() string {
	if a.mode == plan.Destroy {
		return "destroy"
	}
	return "apply"
}

// planAndApply plans under the lock, so that what is shown is what is done.
func (c *cli) planAndApply(ctx context.Context, a applying) (err error) {
	conf, err := c.loadFor(a.planning)
	if err != nil {
		return err
	}
	session, err := c.lock(ctx, a.operation(), a.wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return c.planAndCarryOut(ctx, a, conf, providers(), session)
}

// planAndCarryOut plans under the lock, shows the plan, asks, and carries it out.
func (c *cli) planAndCarryOut(ctx context.Context, a applying, conf plan.Configuration, kinds map[string]resource.Provider, session *state.Session) error {
	made, diags := c.make(ctx, a.planning, conf, kinds, session.View())
	if err := c.failed(diags); err != nil {
		return err
	}
	view.Plan(c.out, view.StyleOf(c.out), view.TypesOf(kinds), made)
	if len(made.Unverified) > 0 {
		return plan.NotVerified(made)
	}
	if made.Empty() && len(made.Steps) == 0 {
		view.Outputs(c.out, view.StyleOf(c.out), session.View().Snapshot.Outputs)
		return nil
	}
	if !made.Empty() && !a.approved {
		if err := c.approve(ctx, a); err != nil {
			return err
		}
	}
	return c.carryOut(ctx, a, made, conf, kinds, session)
}

func (c *cli) applySaved(ctx context.Context, a applying, file string) (err error) {
	if a.destroy || a.refreshOnly || len(a.only) > 0 || len(a.replace) > 0 {
		return diag.Errorf("A saved plan is carried out as it is", "-destroy, -refresh-only, -target and -replace say what to plan.").
			Fix("Give them to erlmcp plan -out=%s.", file)
	}
	made, err := plan.Read(file)
	if err != nil {
		return err
	}
	conf, err := c.load(a.inputs)
	if err != nil {
		return err
	}
	session, err := c.lock(ctx, "apply", a.wait)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return c.carryOut(ctx, a, made, conf, providers(), session)
}

// approve asks the user.
func (c *cli) approve(ctx context.Context, a applying) error {
	question := "Apply these changes?"
	if a.mode == plan.Destroy {
		question = "Destroy all of this? There is no way back."
	}
	fmt.Fprintln(c.out)
	return c.ask(ctx, question, "Give -auto-approve, or save the plan (erlmcp plan -out=FILE) and apply the file.")
}

// ask waits for a yes. Where nobody can be asked, nothing is done; instead says
// what to do then.
func (c *cli) ask(ctx context.Context, question, instead string) error {
	if f, ok := c.in.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return diag.Errorf("Nobody is there to approve", "Standard input is not a terminal, and nothing was changed.").Fix("%s", instead)
	}
	fmt.Fprintf(c.out, "%s Only \"yes\" goes on: ", question)
	answer := make(chan string, 1)
	go func() { // ends with the program, when nobody answers
		line, err := bufio.NewReader(c.in).ReadString('\n')
		if err != nil {
			fmt.Fprintln(c.out) // the end of the input leaves the cursor after the question
		}
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(c.out)
		return diag.Errorf("Stopped", "Nothing was changed.")
	case a := <-answer:
		if a != "yes" {
			return diag.Errorf("Not approved", "Nothing was changed.")
		}
		return nil
	}
}

func (c *cli) carryOut(ctx context.Context, a applying, made *plan.Plan, conf plan.Configuration, kinds map[string]resource.Provider, session *state.Session) error {
	if err := c.keepFiles(ctx, made, conf); err != nil {
		return err
	}
	style := view.StyleOf(c.out)
	fmt.Fprintln(c.out)
	progress := view.NewProgress(c.out, style)
	c.stopping.Store(progress.Stopping)
	result, diags := apply.Run(ctx, apply.Options{
		Plan: made, Configuration: conf, Providers: kinds, Session: session, Verifier: smoke.Verifier{},
		Parallelism: a.parallelism, Observer: progress, Abort: c.abort,
	})
	progress.Close()
	if result == nil {
		return diags.Err()
	}
	interrupted := ctx.Err() != nil && result.Undone()
	view.Applied(c.out, style, made, result, interrupted)
	if err := c.failed(diags); err != nil || !interrupted {
		return err
	}
	return exitCode(exitError)
}

// keepFiles keeps the files that a plan ships, so that its revision can be applied
// again when they have changed.
func (c *cli) keepFiles(ctx context.Context, made *plan.Plan, conf plan.Configuration) error {
	var files []resource.File
	seen := map[config.Ref]bool{}
	for i := range made.Changes {
		change := &made.Changes[i]
		if change.Source == (config.Ref{}) || seen[change.Source] || change.Action == plan.NoOp {
			continue
		}
		seen[change.Source] = true
		if in, diags := conf.Evaluate(change.Source, nil); !diags.HasErrors() {
			files = append(files, in.Files...)
		}
	}
	return local.Files{Dir: c.dir}.Keep(ctx, files)
}
