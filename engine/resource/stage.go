package resource

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Stage is one step of an update that is made little by little. The zero Stage
// is the whole update at once.
type Stage struct {
	Kind    StageKind     `json:"kind,omitempty"`
	Percent int           `json:"percent,omitempty"` // of the requests, in a Shift
	Hold    time.Duration `json:"hold,omitempty"`    // how long what is new is watched afterwards
}

// StageKind tells stages apart.
type StageKind string

const (
	// Trial brings up what is new beside what is there. It answers nobody but the
	// checks.
	Trial StageKind = "trial"
	// Shift lets what is new answer a part of the requests.
	Shift StageKind = "shift"
	// Finish has what is new take the place of what was there; nothing stands
	// beside it afterwards. It is all that an update in one step does.
	Finish StageKind = "finish"
)

// Partial reports whether what was there still stands after the stage.
func (s Stage) Partial() bool { return s.Kind == Trial || s.Kind == Shift }

// String says what the stage does, such as "5% of the requests for 2m".
func (s Stage) String() string {
	switch s.Kind {
	case Trial:
		return "a trial out of sight"
	case Shift:
		text := fmt.Sprintf("%d%% of the requests", s.Percent)
		if s.Hold > 0 {
			text += " for " + short(s.Hold)
		}
		return text
	}
	return "the new takes over"
}

// short is a duration without the parts that are zero at its end.
func short(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Stages are those of an update: none for one that is made at once. Checked says
// that the server has checks. They are run on what is new before it answers
// anybody, unless the old must end first.
func (r Rollout) Stages(checked bool) []Stage {
	switch r.Strategy {
	case Canary:
		out := []Stage{{Kind: Trial}}
		for _, percent := range r.Steps {
			out = append(out, Stage{Kind: Shift, Percent: percent, Hold: r.Hold})
		}
		return append(out, Stage{Kind: Finish})
	case BlueGreen:
		return []Stage{{Kind: Trial}, {Kind: Shift, Percent: 100}, {Kind: Finish}}
	case Recreate:
		return nil
	}
	if checked {
		return []Stage{{Kind: Trial}, {Kind: Finish}}
	}
	return nil
}

// Reacher is a Writer of a target on which servers may not be reached from here.
type Reacher interface {
	// Reach says how the server that a change is about is reached: in a partial
	// stage what is new, otherwise the server itself. Nothing is connected yet.
	// ErrIdle says that no copy of it is to run, and nothing is to be reached.
	Reach(context.Context, Change) (Route, error)
}

// ErrIdle is the error of a server of which no copy is to run.
var ErrIdle = errors.New("no copy of it runs")

// Route is a way to a server.
type Route struct {
	// URL is that of the MCP endpoint.
	URL string
	// Dial connects to it, whatever the URL's address is. The connection ends at
	// the server and nowhere else.
	Dial func(context.Context) (net.Conn, error)
}

// Watcher is a Writer that can tell how what is new does beside what was there.
type Watcher interface {
	// Watch counts what both have answered since they started. The error says that
	// what is new is not well any more.
	Watch(context.Context, Change) (next, now Answers, err error)
}

// Answers are requests that were answered.
type Answers struct {
	Requests, Errors uint64
	Unknown          bool // they cannot be counted
}
