package resource

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/diag"
)

// Operable is a Provider whose servers can be looked after while they run.
type Operable interface {
	// OpenOperator connects to a target, for that and nothing else.
	OpenOperator(context.Context, Target, Owner) (Operator, error)
}

// Operator looks after the servers of one target. A server is named by the Key of
// its endpoint. What an operator does is no part of the configuration, and none of
// it is recorded.
type Operator interface {
	// Units are what the server runs as, in the order of their names; none when
	// nothing of it is there.
	Units(context.Context, Key) ([]Unit, error)
	// Logs writes what a unit has logged.
	Logs(ctx context.Context, k Key, unit string, what LogRequest, out io.Writer) error
	// Ask puts a question of erlmcpd's command line to a unit ("status", or another
	// that takes -control), with further flags, and writes the answer. The error is
	// what the server says when it refuses.
	Ask(ctx context.Context, k Key, unit string, question []string, out io.Writer) error
	Close() error
}

// Unit is one process, container or pod of a server.
type Unit struct {
	Name     string    `json:"name"`
	State    string    `json:"state"` // what the target calls it, such as "running"
	Running  bool      `json:"running"`
	Ready    bool      `json:"ready"` // takes requests, as far as the target can tell
	Restarts int       `json:"restarts"`
	Since    time.Time `json:"since,omitzero"`  // when it was started last
	Place    string    `json:"place,omitempty"` // where it runs, when there are several places
	Last     string    `json:"last,omitempty"`  // how it ended the last time
}

// LogRequest says what is wanted of a log.
type LogRequest struct {
	Tail   int  // lines before now; 0 for none, -1 for all
	Follow bool // whether to go on until the context ends
}

// Refusal is the error of a question that was not answered, from what erlmcpd
// wrote about it.
func Refusal(said []byte) error {
	var lines []string
	for _, l := range strings.Split(strings.TrimSpace(string(said)), "\n") {
		lines = append(lines, strings.TrimPrefix(strings.TrimSpace(l), "erlmcpd: "))
	}
	return diag.Errorf("The server does not do it", "%s.", strings.TrimSuffix(strings.Join(lines, ". "), "."))
}
