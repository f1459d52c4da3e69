// Erlmcpd is the MCP server runtime: it loads a runtime document and serves it.
//
// It is small on purpose. It does not plan, provision or talk to a cloud; the
// command erlmcp does, and ships erlmcpd to where servers run.
package main

import (
	"fmt"
	"os"

	"github.com/erlmcp/erlmcp/version"
)

const usage = `Usage: erlmcpd COMMAND [flags]

  run        serve a runtime document (SIGTERM stops gracefully, SIGHUP reloads)
  health     ask a running server whether it is healthy (exit status 0 or 1)
  status     print what a running server says of itself, as JSON
  ping       check that a running server answers
  reload     make a running server load its document again
  stop       stop a running server gracefully
  supervise  keep a server running
  version    print the version

"erlmcpd COMMAND -h" lists the flags of a command.
`

func main() { os.Exit(command(os.Args[1:])) }

func command(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	switch name, rest := args[0], args[1:]; name {
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
