package main

import (
	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

func newSchema(c *cli) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "schema -json",
		Short: "Print the vocabulary as JSON Schema",
		Long:  "Print every block and attribute of the configuration, with types, defaults and\ndocumentation, as JSON Schema: for editors and for tools that write configurations.",
		Args:  words(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if !asJSON {
				return diag.Errorf("Which form?", "The vocabulary is printed as JSON Schema only.").Fix("Write erlmcp schema -json; the pages for people are in docs/reference.")
			}
			out, err := schemas.JSONSchema(targetSchemas())
			if err != nil {
				return err
			}
			_, err = c.out.Write(out)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON Schema")
	return cmd
}
