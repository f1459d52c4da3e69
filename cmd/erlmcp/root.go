package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/version"
)

func newRoot(c *cli) *cobra.Command {
	var chdir string
	root := &cobra.Command{
		Use:           "erlmcp",
		Short:         "MCP servers as code: plan, apply, and keep them as the files say",
		Long:          "erlmcp takes MCP servers from *.mcp.hcl files to something that runs,\nand keeps them as the files say.",
		Version:       version.String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          helpOrUnknown,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if chdir == "" {
				return nil
			}
			if err := os.Chdir(chdir); err != nil {
				return diag.Errorf("Cannot change to that folder", "%s: %v.", chdir, err).Fix("Give -chdir a folder that exists.")
			}
			return nil
		},
	}
	root.PersistentFlags().StringVar(&chdir, "chdir", "", "work in this `folder`")
	root.SetVersionTemplate("erlmcp {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true
	cobra.EnableCommandSorting = false // they stand in the order in which one uses them
	root.AddGroup(
		&cobra.Group{ID: "main", Title: "Main commands"},
		&cobra.Group{ID: "write", Title: "Writing configurations"},
		&cobra.Group{ID: "look", Title: "Looking at what is there"},
		&cobra.Group{ID: "server", Title: "Working with servers"},
	)
	group(root, "main", newPlan(c), newApply(c), newDrift(c), newRollback(c), newDestroy(c))
	group(root, "write", newInit(c), newValidate(c), newFmt(c), newSchema(c))
	group(root, "look", newShow(c), newHistory(c), newOutput(c), newState(c), newRender(c))
	group(root, "server", newServe(c), newServer(c), newCall(c), newCert(c), newToken(c), newReceipts(c))
	root.AddCommand(newVersion(c), newCompletion(c))
	root.SetUsageTemplate(usageTemplate)
	root.InitDefaultHelpFlag()
	return root
}

// helpOrUnknown shows the help of a command that has only subcommands, and
// refuses a word that is none of them.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	d := diag.Errorf("Unknown command", "There is no command %q.", args[0])
	if near := diag.Suggest(args[0], names); near != "" {
		return d.Fix("Did you mean %q?", near)
	}
	return d.Fix("See %s -help.", cmd.CommandPath())
}

// words checks how many arguments a command is given.
func words(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		usage := strings.TrimPrefix(cmd.UseLine(), cmd.Root().Name()+" ")
		switch {
		case len(args) > most:
			return diag.Errorf("Too many arguments", "%q is one too many.", args[most]).Fix("Write erlmcp %s.", usage)
		case len(args) < least:
			return diag.Errorf("Too few arguments", "%s needs more than that.", cmd.CommandPath()).Fix("Write erlmcp %s.", usage)
		}
		return nil
	}
}

// flagError says what is wrong with a flag, without the words of the parser.
func flagError(cmd *cobra.Command, err error) error {
	text, _, _ := strings.Cut(err.Error(), ": strconv.")
	text, _, isTime := strings.Cut(text, ": time:")
	if isTime {
		text += ": it is not a time such as 30s or 2m"
	}
	return diag.Errorf("Wrong flag", "%s.", capital(text)).Fix("See %s -help.", cmd.CommandPath())
}

func group(root *cobra.Command, id string, commands ...*cobra.Command) {
	for _, cmd := range commands {
		cmd.GroupID = id
		root.AddCommand(cmd)
	}
}

// doubleDashes lets long flags be written with one dash, as users of Terraform
// write them: -auto-approve is --auto-approve. Short flags do not exist, but -h.
func doubleDashes(args []string) []string {
	out := make([]string, 0, len(args))
	for i, a := range args {
		if a == "--" {
			return append(out, args[i:]...)
		}
		if len(a) > 2 && a[0] == '-' && a[1] != '-' && (a[1] < '0' || a[1] > '9') {
			a = "-" + a
		}
		out = append(out, a)
	}
	return out
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// absolute is a path as the user would find it from elsewhere.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND [flags]{{else}}{{.UseLine}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}
{{- end}}
{{- if .HasAvailableSubCommands}}{{$all := .Commands}}
{{- range $group := .Groups}}

{{.Title}}:{{range $all}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .Groups}}

Other commands:{{else}}

Commands:{{end}}{{range $all}}{{if and (eq .GroupID "") (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableSubCommands}}

Use "{{.CommandPath}} COMMAND -help" for more about a command. Flags take one dash or two.
{{- end}}
`
