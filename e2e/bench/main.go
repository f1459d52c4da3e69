package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		exit(servePeer(os.Args[2]))
	}
	quick := flag.Bool("quick", false, "fewer and shorter rounds, fewer sessions and connections: a look, not a result")
	given := flag.String("erlmcpd", "", "the erlmcpd to measure (default: one that is built now)")
	only := flag.String("only", "", "one part alone: http, tcp, latency, features, sessions or connections")
	flag.Parse()
	folder, err := os.MkdirTemp("", "erlmcp-bench-")
	if err != nil {
		exit(err)
	}
	b := &bench{report: report{out: os.Stdout}, effort: full, only: *only}
	if *quick {
		b.effort = brief
	}
	if b.program, err = build(*given, folder); err == nil {
		err = b.run()
	}
	os.RemoveAll(folder)
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// effort is how much is done.
type effort struct {
	rounds      int
	length      time.Duration // of a round
	tails       int           // rounds of latency
	tail        time.Duration // length of each
	sessions    int
	connections int
	peers       int // sessions and connections of peers, which need more for each
}

var (
	full  = effort{rounds: 9, length: 400 * time.Millisecond, tails: 5, tail: time.Second, sessions: 50_000, connections: 15_000, peers: 3_000}
	brief = effort{rounds: 3, length: 200 * time.Millisecond, tails: 3, tail: 500 * time.Millisecond, sessions: 5_000, connections: 2_000, peers: 500}
)

// bench is one run.
type bench struct {
	report
	effort
	program *program
	only    string
	peaks   map[string]float64 // calls per second of erlmcpd, by era
}

func (b *bench) run() error {
	b.begin()
	b.peaks = map[string]float64{}
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"http", b.http}, {"tcp", b.tcp}, {"latency", b.latency}, {"features", b.features},
		{"sessions", b.idleSessions}, {"connections", b.idleConnections},
	} {
		if b.only != "" && b.only != part.name {
			continue
		}
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.end()
	return nil
}
