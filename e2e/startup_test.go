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
// count. There are several rounds, as a machine may be slow for a moment. One that is
// slow all the time is so for other programs too: there the start is held to half of
// that of kubectl, which takes some 60 ms otherwise.
func TestStartsQuickly(t *testing.T) {
	const limit, rounds = 30 * time.Millisecond, 10
	program := filepath.Join(repository(t), "bin", "erlmcp")
	var usual, peer time.Duration
	for range rounds {
		watch, processor := starts(t, program, "version")
		usual = median(processor)
		t.Logf("erlmcp version: %s of processor time; by the watch %s, at best %s", usual, median(watch), watch[0])
		if usual <= limit {
			return
		}
		_, processor = starts(t, "kubectl", "version", "--client")
		peer = median(processor)
		t.Logf("kubectl version: %s of processor time", peer)
		if usual <= peer/2 {
			return
		}
	}
	t.Errorf("the usual start took %s of processor time, kubectl's %s; want at most %s. GODEBUG=inittrace=1 tells which package costs what", usual, peer, limit)
}

// starts are the times of some starts, by the watch and of the processor (user and
// system), each in order.
func starts(t *testing.T, program string, args ...string) (watch, processor []time.Duration) {
	t.Helper()
	for range 30 {
		cmd := exec.Command(program, args...)
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

func median(sorted []time.Duration) time.Duration { return sorted[len(sorted)/2] }
