package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// ServerStatus is how a server is on one target, for [Servers].
type ServerStatus struct {
	Address string       `json:"address"` // "server.weather@docker.local"
	Units   []UnitStatus `json:"units"`
}

// UnitStatus is a unit, and what the server in it says of itself.
type UnitStatus struct {
	resource.Unit
	// Said is the JSON of what erlmcpd answers to "status"; nil when it does not.
	Said json.RawMessage `json:"server,omitempty"`
}

// said is what of that is shown.
type said struct {
	Version     string    `json:"version"`
	State       string    `json:"state"`
	Started     time.Time `json:"started"`
	URL         string    `json:"url"`
	MetricsURL  string    `json:"metrics_url"`
	Sessions    int       `json:"sessions"`
	Connections int       `json:"connections"`
	InProgress  int       `json:"in_progress"`
	Troubles    []struct {
		Check  string `json:"check"`
		Detail string `json:"detail"`
	} `json:"troubles"`
}

// Servers writes how servers are. now is what spans of time are counted from.
func Servers(w io.Writer, s Style, list []ServerStatus, now time.Time) {
	for i, server := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		ready := 0
		for _, u := range server.Units {
			if u.Ready {
				ready++
			}
		}
		what, color := "not there", Red
		switch n := len(server.Units); {
		case n == 1 && ready == 1:
			what, color = "ready", Green
		case n == 1:
			what, color = "not ready", Red
		case n > 1:
			what, color = fmt.Sprintf("%d of %d ready", ready, n), Yellow
			if ready == n {
				color = Green
			}
		}
		fmt.Fprintf(w, "%s  %s\n", s.Paint(Bold, server.Address), s.Paint(color, what))
		for _, u := range server.Units {
			unit(w, s, u, now)
		}
	}
}

func unit(w io.Writer, s Style, u UnitStatus, now time.Time) {
	var about said
	answers := len(u.Said) > 0 && json.Unmarshal(u.Said, &about) == nil
	state := u.State
	if answers && about.State != "running" {
		state += ", " + about.State
	}
	line := []string{state}
	if !u.Since.IsZero() {
		line = append(line, "since "+ago(now.Sub(u.Since)))
	}
	if u.Restarts > 0 {
		line = append(line, "started again "+times(u.Restarts))
	}
	if u.Last != "" {
		line = append(line, "ended last with "+u.Last)
	}
	if u.Place != "" {
		line = append(line, "on "+u.Place)
	}
	mark := s.Paint(Red, "✗")
	if u.Ready {
		mark = s.Paint(Green, "✓")
	}
	fmt.Fprintf(w, "  %s %s  %s\n", mark, u.Name, s.Paint(Dim, strings.Join(line, " · ")))
	if !answers {
		return
	}
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "      %s %s\n", s.Paint(Dim, fmt.Sprintf("%-9s", name)), value)
		}
	}
	row("version", about.Version)
	row("url", about.URL)
	row("metrics", about.MetricsURL)
	row("load", fmt.Sprintf("%s, %s, %d in progress", count(about.Connections, "connection"), count(about.Sessions, "session"), about.InProgress))
	for _, t := range about.Troubles {
		fmt.Fprintf(w, "      %s %s: %s\n", s.Paint(Yellow+";"+Bold, "!"), t.Check, visible(t.Detail))
	}
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.Itoa(n) + " times"
}

// ago is a span of time in its largest unit.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// Session is one session of a server, for [Sessions].
type Session struct {
	Unit       string    `json:"unit"`
	Name       string    `json:"name"`
	Version    string    `json:"version"`
	Identity   string    `json:"identity,omitempty"`
	Used       time.Time `json:"used"`
	Subscribed int       `json:"subscribed,omitempty"`
	Streaming  bool      `json:"streaming,omitempty"`
}

// Sessions writes the sessions of clients, as they came.
func Sessions(w io.Writer, s Style, list []Session, now time.Time) {
	if len(list) == 0 {
		fmt.Fprintln(w, "No sessions. Clients of MCP 2026-07-28 have none.")
		return
	}
	fmt.Fprintln(w, s.Paint(Dim, fmt.Sprintf("%-10s %-12s %-6s %-6s %s", "SESSION", "VERSION", "IDLE", "STREAM", "CLIENT")))
	for _, x := range list {
		stream := "no"
		if x.Streaming {
			stream = "yes"
		}
		client := x.Identity
		if client == "" {
			client = "-"
		}
		fmt.Fprintf(w, "%-10s %-12s %-6s %-6s %s\n", x.Name+"…", x.Version, ago(now.Sub(x.Used)), stream, client)
	}
}
