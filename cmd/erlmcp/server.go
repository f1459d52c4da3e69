package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/view"
)

func newServer(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Look after servers that run",
		Long: "Look after servers that run, where they run: on this host, in Docker, on Kubernetes.\n" +
			"SERVER is a server of the last apply, such as weather, 'weather[\"eu\"]' or\n" +
			"weather@docker.local. With -control the server behind a control socket on this\n" +
			"machine is meant instead, which nobody need have applied.",
		Example: "  erlmcp server status\n  erlmcp server logs weather -f\n  erlmcp server profile weather -kind=heap",
		Args:    cobra.ArbitraryArgs,
		RunE:    helpOrUnknown,
	}
	o := &operating{cli: c}
	cmd.PersistentFlags().StringVar(&o.socket, "control", "", "`path` of a control socket on this machine, in place of SERVER")
	cmd.PersistentFlags().StringVar(&o.unit, "unit", "", "only this process, container or pod, by its `name` in the status")
	for _, sub := range []*cobra.Command{
		newServerStatus(o), newServerLogs(o), newServerSessions(o), newServerProfile(o), newServerLogLevel(o),
		o.simple("ping", "Check that a server answers", "answers"),
		o.simple("reload", "Make a server load its document again", "has loaded its document again"),
		o.simple("upgrade", "Have a new process take over from a server; nothing is refused", "has been taken over by a new process"),
		o.simple("drain", "Make a server take no new work and end its calls", "takes no new work, and has ended its calls"),
		o.simple("stop", "Stop a server gracefully; the next apply starts it again", "has stopped"),
		o.simple("reopen-logs", "Make a server open its log files anew, for logrotate", "has opened its log files anew"),
	} {
		o.in.register(sub)
		cmd.AddCommand(sub)
	}
	return cmd
}

// simple is a command that asks for something and hears that it was done.
func (o *operating) simple(name, short, done string) *cobra.Command {
	return &cobra.Command{
		Use: name + " [SERVER]", Short: short, Args: words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.tell(cmd.Context(), args, []string{name}, done)
		},
	}
}

// tell puts a question to each unit of one server, and says what was done.
func (o *operating) tell(ctx context.Context, args, question []string, done string) error {
	return o.one(ctx, args, func(r *runs) error {
		units, err := o.units(ctx, r)
		if err != nil {
			return err
		}
		for _, u := range units {
			if err := r.operator.Ask(ctx, r.key, u.Name, question, io.Discard); err != nil {
				return err
			}
			fmt.Fprintf(o.out, "%s (%s) %s.\n", r.name, u.Name, done)
		}
		return nil
	})
}

func newServerStatus(o *operating) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status [SERVER]", Short: "Show how servers are: all of them, or one", Args: words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var list []view.ServerStatus
			err := o.each(cmd.Context(), args, func(r *runs) error {
				s, err := o.status(cmd.Context(), r)
				list = append(list, s)
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return view.JSON(o.out, list)
			}
			view.Servers(o.out, view.StyleOf(o.out), list, time.Now())
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// askTimeout bounds a question to a server about itself: one that hangs is shown as
// one that says nothing.
const askTimeout = 10 * time.Second

func (o *operating) status(ctx context.Context, r *runs) (view.ServerStatus, error) {
	s := view.ServerStatus{Address: r.name, Units: []view.UnitStatus{}}
	units, err := r.operator.Units(ctx, r.key)
	if err != nil {
		return s, err
	}
	for _, u := range units {
		status := view.UnitStatus{Unit: u}
		if u.Running {
			var said bytes.Buffer
			limited, cancel := context.WithTimeout(ctx, askTimeout)
			if r.operator.Ask(limited, r.key, u.Name, []string{"status"}, &said) == nil && json.Valid(said.Bytes()) {
				status.Said = said.Bytes()
			}
			cancel()
		}
		s.Units = append(s.Units, status)
	}
	return s, nil
}

func newServerLogs(o *operating) *cobra.Command {
	what := resource.LogRequest{}
	cmd := &cobra.Command{
		Use: "logs SERVER", Short: "Show what a server has logged", Args: words(0, 1),
		Long: "Show what a server has logged to standard error: where it has several pods, those of\n" +
			"each after the other, or with -f all of them as lines come.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.one(cmd.Context(), args, func(r *runs) error {
				units, err := r.operator.Units(cmd.Context(), r.key)
				if err == nil {
					units, err = o.chosen(r, units)
				}
				if err != nil {
					return err
				}
				return o.logs(cmd.Context(), r, units, what)
			})
		},
	}
	cmd.Flags().BoolVarP(&what.Follow, "follow", "f", false, "go on until Ctrl-C")
	cmd.Flags().IntVar(&what.Tail, "tail", 100, "how many `lines` before now; -1 for all")
	return cmd
}

// logs writes the logs of units. Lines of several at a time bear the name of
// theirs.
func (o *operating) logs(ctx context.Context, r *runs, units []resource.Unit, what resource.LogRequest) error {
	if len(units) == 1 || !what.Follow {
		for _, u := range units {
			if len(units) > 1 {
				fmt.Fprintf(o.out, "%s\n", view.StyleOf(o.out).Paint(view.Bold, "── "+u.Name))
			}
			if err := r.operator.Logs(ctx, r.key, u.Name, what, o.out); err != nil {
				return err
			}
		}
		return nil
	}
	together := &shared{w: o.out}
	failed := make(chan error, len(units))
	for _, u := range units {
		go func() { // ends with the log or the context
			failed <- r.operator.Logs(ctx, r.key, u.Name, what, together.prefixed(u.Name+"  "))
		}()
	}
	for range units {
		if err := <-failed; err != nil {
			return err
		}
	}
	return nil
}

func newServerSessions(o *operating) *cobra.Command {
	var asJSON bool
	var most int
	cmd := &cobra.Command{
		Use: "sessions [SERVER]", Short: "Show the sessions of a server's clients", Args: words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list := []view.Session{}
			err := o.one(cmd.Context(), args, func(r *runs) error {
				units, err := o.units(cmd.Context(), r)
				for _, u := range units {
					var raw bytes.Buffer
					var some []view.Session
					if err := r.operator.Ask(cmd.Context(), r.key, u.Name, []string{"sessions", fmt.Sprintf("-most=%d", most)}, &raw); err != nil {
						return err
					}
					if err := json.Unmarshal(raw.Bytes(), &some); err != nil {
						return fmt.Errorf("read the sessions of %s: %w", u.Name, err)
					}
					for _, s := range some {
						s.Unit = u.Name
						list = append(list, s)
					}
				}
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return view.JSON(o.out, list)
			}
			view.Sessions(o.out, view.StyleOf(o.out), list, time.Now())
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&most, "most", 100, "how many, those used last")
	return cmd
}

func newServerLogLevel(o *operating) *cobra.Command {
	return &cobra.Command{
		Use: "log-level LEVEL [SERVER]", Short: "Change the level of a server's log until it reloads", Args: words(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.tell(cmd.Context(), args[1:], []string{"log-level", "-level=" + args[0]}, "logs from level "+args[0]+" on")
		},
	}
}

func newServerProfile(o *operating) *cobra.Command {
	var kind, file string
	var span time.Duration
	cmd := &cobra.Command{
		Use: "profile [SERVER]", Short: "Record what a server does, for go tool pprof", Args: words(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.one(cmd.Context(), args, func(r *runs) error {
				units, err := o.units(cmd.Context(), r)
				if err != nil {
					return err
				}
				if len(units) > 1 {
					return diag.Errorf("Which one?", "%s is %d at a time.", r.name, len(units)).Fix("Name one: -unit=%s.", units[0].Name)
				}
				var p bytes.Buffer
				question := []string{"profile", "-kind=" + kind, "-span=" + span.String()}
				if err := r.operator.Ask(cmd.Context(), r.key, units[0].Name, question, &p); err != nil {
					return err
				}
				name := file
				if name == "" {
					name = units[0].Name + "-" + kind + ".pprof"
				}
				if err := os.WriteFile(name, p.Bytes(), 0o600); err != nil {
					return fmt.Errorf("write the profile: %w", err)
				}
				fmt.Fprintf(o.out, "Wrote %s. Look at it with: go tool pprof %s\n", name, name)
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "cpu", "cpu, heap, allocs or goroutine")
	cmd.Flags().DurationVar(&span, "span", 10*time.Second, "how long to record, for cpu")
	cmd.Flags().StringVar(&file, "out", "", "`file` to write; default: UNIT-KIND.pprof")
	return cmd
}

// serverName is an address as users write it, with or without "server.".
func serverName(arg string) string {
	if strings.HasPrefix(arg, "server.") {
		return arg
	}
	return "server." + arg
}
