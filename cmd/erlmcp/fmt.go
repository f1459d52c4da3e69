package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
)

func newFmt(c *cli) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt [FILE…]",
		Short: "Rewrite *.mcp.hcl files in the canonical form",
		Long: "Rewrite *.mcp.hcl files in the canonical form: indentation, aligned equals signs,\n" +
			"spaces. Prints the name of each file that it changed. With \"-\" it formats\n" +
			"standard input to standard output.",
		Example: "  erlmcp fmt\n  erlmcp fmt -check   # in CI: exit status 2 when a file is not formatted",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "-" {
				return c.formatStream()
			}
			files := args
			if len(files) == 0 {
				var err error
				if files, err = filepath.Glob("*.mcp.hcl"); err != nil {
					return err
				}
			}
			sort.Strings(files)
			return c.formatFiles(files, check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing; exit with 2 when a file is not formatted")
	return cmd
}

func (c *cli) formatStream() error {
	src, err := io.ReadAll(c.in)
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	c.sources = map[string][]byte{"<stdin>": src}
	out, diags := config.Format("<stdin>", src)
	if diags.HasErrors() {
		return diags.Err()
	}
	_, err = c.out.Write(out)
	return err
}

func (c *cli) formatFiles(files []string, check bool) error {
	var all diag.List
	c.sources = map[string][]byte{}
	unformatted := false
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			all = append(all, diag.Errorf("Cannot read a file", "%v.", err))
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			all = append(all, diag.Errorf("Cannot read a file", "%v.", err))
			continue
		}
		c.sources[file] = src
		out, diags := config.Format(file, src)
		all = append(all, diags...)
		if diags.HasErrors() || bytes.Equal(src, out) {
			continue
		}
		unformatted = true
		fmt.Fprintln(c.out, file)
		if check {
			continue
		}
		if err := renameio.WriteFile(file, out, info.Mode().Perm()); err != nil {
			all = append(all, diag.Errorf("Cannot write a file", "%v.", err))
		}
	}
	if err := all.Err(); err != nil {
		return err
	}
	if check && unformatted {
		return exitCode(exitDifference)
	}
	return nil
}
