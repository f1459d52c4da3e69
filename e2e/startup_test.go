//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestStartsQuickly holds the usual start of the command line, with all clients of
// clouds and clusters linked in, below 30 ms: a prompt's delay, felt with every
// command. The usual start is the median of many, in processor time: where a processor
// is free it takes no longer by the watch, and where none is, waiting for one does not
// count. A busy machine slows down the processor itself, so there are several rounds;
// a program that is slow is slow in each. A start that waits for something else is
// seen in the quickest by the watch.
func TestStartsQuickly(t *testing.T) {
	const limit, rounds = 30 * time.Millisecond, 5
	usual, quickest := time.Hour, time.Hour
	for range rounds {
		watch, processor := starts(t, 60)
		middle := len(processor) / 2
		usual, quickest = min(usual, processor[middle]), min(quickest, watch[0])
		t.Logf("erlmcp version: %s of processor time; by the watch %s, at best %s", processor[middle], watch[middle], watch[0])
		if usual <= limit && quickest <= limit {
			return
		}
	}
	t.Errorf("the usual start took %s of processor time, the quickest %s; want at most %s. GODEBUG=inittrace=1 tells which package costs what", usual, quickest, limit)
}

// starts are the times of as many starts, by the watch and of the processor (user and
// system), each in order.
func starts(t *testing.T, many int) (watch, processor []time.Duration) {
	t.Helper()
	program := filepath.Join(repository(t), "bin", "erlmcp")
	for range many {
		cmd := exec.Command(program, "version")
		began := time.Now()
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		watch = append(watch, time.Since(began))
		processor = append(processor, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	slices.Sort(watch)
	slices.Sort(processor)
	return watch, processor
}
