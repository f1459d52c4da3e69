// Erlmcpd is the MCP server runtime: it loads a runtime document and serves it.
//
// It is small on purpose. It does not plan, provision or talk to a cloud; the
// command erlmcp does, and ships erlmcpd to where servers run.
package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/server/control"
	"github.com/erlmcp/erlmcp/version"
)

const usage = `Usage: erlmcpd COMMAND [flags]

  run        serve a runtime document (SIGTERM stops gracefully, SIGHUP reloads,
             SIGUSR1 opens log files anew)
  health     ask a running server whether it is healthy (exit status 0 or 1)
  status     print what a running server says of itself, as JSON
  ping       check that a running server answers
  reload     make a running server load its document again
  drain      make a running server take no new work and end its calls
  stop       stop a running server gracefully
  sessions   print the sessions of a running server, as JSON
  log-level  change the level of a running server's log until its next reload
  reopen-logs  make a running server open its log files anew
  profile    write a profile of a running server to standard output
  supervise  keep a server running
  version    print the version

"erlmcpd COMMAND -h" lists the flags of a command. Exit status: 0 done, 1 failed,
2 called wrongly.
`

func main() { os.Exit(command(os.Args[1:])) }

func command(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	name, rest := args[0], args[1:]
	if slices.Contains(control.Questions, name) {
		return ask(name, rest)
	}
	switch name {
	case "run":
		return run(rest)
	case "supervise":
		return supervise(rest)
	case "version", "-version", "--version":
		fmt.Println("erlmcpd " + version.String())
		return 0
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
		return 0
	default:
		fmt.Fprintf(os.Stderr, "erlmcpd: there is no command %q\n\n%s", name, usage)
		return 2
	}
}

// fail prints an error as its diagnostics, and returns the exit status.
func fail(err error) int {
	for _, d := range diag.FromError(err) {
		fmt.Fprintf(os.Stderr, "erlmcpd: %s\n", d.Summary)
		for _, line := range []string{d.Detail, d.Remedy} {
			if line != "" {
				fmt.Fprintf(os.Stderr, "  %s\n", line)
			}
		}
	}
	return 1
}
