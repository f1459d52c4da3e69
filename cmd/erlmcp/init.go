package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/examples"
)

func newInit(c *cli) *cobra.Command {
	var example string
	var backend settingUp
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a starter file or an example, or set up where the state lies",
		Long: "In a folder without a configuration: write main.mcp.hcl, a commented starter file, or\n" +
			"copy one of the examples: " + strings.Join(exampleNames(), ", ") + ".\n" +
			"No file that is there is overwritten.\n\n" +
			"In a folder with a configuration: set up the backend that it names. A state that lies\n" +
			"in this folder is moved there, when you say so; so is one that lies in another backend,\n" +
			"with -migrate-state.",
		Example: "  erlmcp init\n  erlmcp init -example docker\n  erlmcp init -backend-config=bucket=acme-states",
		Args:    words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if example == "" && (backend.any() || c.hasConfiguration()) {
				return c.setUpBackend(cmd.Context(), backend)
			}
			files := map[string][]byte{"main.mcp.hcl": []byte(starter)}
			if example != "" {
				var err error
				if files, err = exampleFiles(example); err != nil {
					return err
				}
			}
			return c.writeNew(files)
		},
	}
	cmd.Flags().StringVar(&example, "example", "", "copy the example of that `name`")
	cmd.Flags().StringArrayVar(&backend.given, "backend-config", nil, "what the backend block leaves out: `NAME=VALUE`, or a file of such lines; may be repeated")
	cmd.Flags().BoolVar(&backend.migrate, "migrate-state", false, "move the state to a backend that has changed")
	cmd.Flags().BoolVar(&backend.reconfigure, "reconfigure", false, "use a backend that has changed, and leave the state where it was")
	cmd.Flags().BoolVar(&backend.forceCopy, "force-copy", false, "move the state without being asked")
	return cmd
}

// hasConfiguration says whether there is a file of a configuration.
func (c *cli) hasConfiguration() bool {
	files, err := filepath.Glob(filepath.Join(c.dir, "*"+config.Extension))
	return err == nil && len(files) > 0
}

func exampleNames() []string {
	entries, _ := examples.Files.ReadDir(".")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func exampleFiles(name string) (map[string][]byte, error) {
	sub, err := fs.Sub(examples.Files, name)
	if err == nil {
		_, err = fs.Stat(sub, ".")
	}
	if err != nil || name == "." {
		d := diag.Errorf("No such example", "There is no example %q; there are %s.", name, strings.Join(exampleNames(), ", "))
		if near := diag.Suggest(name, exampleNames()); near != "" {
			d.Fix("Did you mean %q?", near)
		}
		return nil, d
	}
	files := map[string][]byte{}
	err = fs.WalkDir(sub, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files[path], err = fs.ReadFile(sub, path)
		return err
	})
	return files, err
}

// writeNew writes files that must not exist yet: all of them, or none.
func (c *cli) writeNew(files map[string][]byte) error {
	var names []string
	for name := range files {
		names = append(names, name)
		if _, err := os.Lstat(name); err == nil {
			return diag.Errorf("A file is there already", "%s exists; init overwrites nothing.", absolute(name)).
				Fix("Go to an empty folder, or remove the file.")
		}
	}
	sort.Strings(names)
	for _, name := range names {
		if dir := filepath.Dir(name); dir != "." {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return diag.Errorf("Cannot make a folder", "%v.", err)
			}
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil {
			_, err = f.Write(files[name])
			if closing := f.Close(); err == nil {
				err = closing
			}
		}
		if err != nil {
			return diag.Errorf("Cannot write a file", "%v.", err)
		}
		fmt.Fprintln(c.out, "wrote", name)
	}
	fmt.Fprint(c.out, "\nNext: erlmcp plan shows what would be made, erlmcp apply makes it.\n")
	return nil
}

const starter = `# MCP servers as code. Try it:
#
#   erlmcp plan       # what would be made
#   erlmcp apply      # make it
#   erlmcp call http://localhost:8080 greet name=Ada
#   erlmcp drift      # has the world moved since?
#   erlmcp destroy    # remove it

# Where servers run. "host" is this machine; "docker" is a Docker engine.
target "host" "here" {}

# variable "api_key" {
#   type      = string
#   sensitive = true      # kept out of plans, state, logs: set ERLMCP_VAR_api_key
# }

server "hello" {
  target      = target.host.here
  description = "Greets people."

  # One port answers MCP over HTTP, /health, and raw JSON-RPC over TCP.
  listen { port = 8080 }

  # What one client may ask. More is refused with status 429 and Retry-After.
  rate_limit {
    requests_per_minute = 600
    burst               = 50
  }

  # A tool that a model can call. An expression that mentions input is evaluated
  # for each call, everything else when you plan.
  tool "greet" {
    description = "Greets somebody by name."

    input "name" {
      type        = string
      description = "Whom to greet."
      max_length  = 100
    }

    static { text = "Hello, ${input.name}!" }
  }

  # A program, without a shell: each element stays one word whatever the input is.
  #
  # tool "disk" {
  #   description = "Free space of the machine's disks."
  #   exec { command = ["df", "-h"] }
  # }

  # A web service: input is escaped for the place where it stands.
  #
  # tool "forecast" {
  #   description = "Weather forecast for a city."
  #   input "city" { type = string }
  #   http {
  #     url     = "https://api.example.com/v1/forecast?q=${input.city}"
  #     headers = { Authorization = "Bearer ${var.api_key}" }
  #   }
  # }

  # Something that clients can read: a text, a file, or a folder of files.
  resource "about" {
    description = "About this server."
    text        = "Made by erlmcp init."
  }
}

output "url" { value = server.hello.url }
`
