package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
)

func newCompletion(c *cli) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print completion for a shell: " + strings.Join(shells, ", "),
		Long: "Print a script that completes commands and flags in a shell: " + strings.Join(shells, ", ") + ".\n" +
			"Load it in the shell's start-up file.",
		Example:   "  source <(erlmcp completion bash)\n  erlmcp completion fish | source",
		Args:      words(1, 1),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.out, true)
			case "zsh":
				return root.GenZshCompletion(c.out)
			case "fish":
				return root.GenFishCompletion(c.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.out)
			}
			return diag.Errorf("Unknown shell", "%q is not one of %s.", args[0], strings.Join(shells, ", "))
		},
	}
}
