package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// report writes what was measured, and at the end what was to be reached.
type report struct {
	out     io.Writer
	targets []target
}

// target is a figure that is to be reached.
type target struct {
	what, want, got string
	reached         bool
}

func (r *report) begin() {
	load, _ := os.ReadFile("/proc/loadavg") // without it there is less to say
	fmt.Fprintf(r.out, "erlmcp bench-server, %s, %s, %d processors, load before: %s\n",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), runtime.Version(), runtime.NumCPU(), strings.TrimSpace(string(load)))
}

func (r *report) head(format string, args ...any) { fmt.Fprintf(r.out, "\n"+format+"\n", args...) }

func (r *report) line(format string, args ...any) { fmt.Fprintf(r.out, "  "+format+"\n", args...) }

// standings writes a table of contestants.
func (r *report) standings(list []standing) {
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tcalls/s\tof the first\tCPU µs/call\tfirst's CPU/its\tKB/call\t")
	for _, s := range list {
		fmt.Fprintf(w, "  %-22s\t%.0f\t%.2f\t%.1f\t%.2f\t%.1f\t\n", s.name, s.perSecond, s.speed, s.cpu, s.work, s.allocated)
	}
	w.Flush()
}

func (r *report) least(what string, got, want float64) {
	r.targets = append(r.targets, target{what, fmt.Sprintf("at least %g", want), fmt.Sprintf("%.2f", got), got >= want})
}

func (r *report) most(what string, got, want float64, unit string) {
	r.targets = append(r.targets, target{what, fmt.Sprintf("at most %g%s", want, unit), fmt.Sprintf("%.2f%s", got, unit), got <= want})
}

// end writes the table of targets, and reports whether all were reached.
func (r *report) end() bool {
	r.head("To reach")
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	all := true
	for _, t := range r.targets {
		verdict := "reached"
		if !t.reached {
			verdict, all = "NOT REACHED", false
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", t.what, t.want, t.got, verdict)
	}
	w.Flush()
	return all
}
