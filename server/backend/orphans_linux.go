package backend

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// AdoptOrphans has the processes that lose their parent below this process become
// its own children (PR_SET_CHILD_SUBREAPER, prctl(2)). What a program leaves
// behind is found then even when it bears no mark any more, and ended. It is for a
// process that starts none but those of this package: others would be taken for
// orphans.
func AdoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	children.mu.Lock()
	defer children.mu.Unlock()
	children.adopts = true
	return nil
}

// children are the programs that this process has started and that have not been
// waited for, by process id, with the times that they began (in ticks since the
// machine did). Like its signal handlers, they are the process's, however many
// runtimes it has.
var children = &registry{began: map[int]uint64{}}

type registry struct {
	mu     sync.RWMutex // held for reading while a program starts
	set    sync.Mutex
	adopts bool
	began  map[int]uint64
}

// start starts a program and notes it, so that nobody sees it in between.
func (r *registry) start(begin func() (pid int, err error)) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	pid, err := begin()
	if err != nil || !r.adopts {
		return err
	}
	at, _, _ := statOf(pid) // it is there at least as a zombie, as nobody has waited for it
	r.set.Lock()
	defer r.set.Unlock()
	r.began[pid] = at
	return nil
}

// ended forgets a program that was waited for.
func (r *registry) ended(pid int) {
	r.set.Lock()
	defer r.set.Unlock()
	delete(r.began, pid)
}

// endOrphans ends the children of this process that it has not started, but for
// those that may belong to a program that still runs: that were born when it ran
// already. Each is so ended when the last of those has ended that it can belong
// to. program has ended itself.
func (r *registry) endOrphans(program int) {
	if !r.adopts {
		return
	}
	for deadline := time.Now().Add(endTime); time.Now().Before(deadline); {
		if !r.endOnce(program) {
			return
		}
	}
}

// endOnce reports whether there was one.
func (r *registry) endOnce(program int) (found bool) {
	r.mu.Lock() // nothing starts meanwhile
	defer r.mu.Unlock()
	r.set.Lock()
	running := maps.Clone(r.began)
	r.set.Unlock()
	self := os.Getpid()
	for _, pid := range pids() {
		_, ours := running[pid]
		if ours || pid == program || parentOf(pid) != self {
			continue
		}
		born, zombie, ok := statOf(pid)
		if !ok || mayBelong(born, running) && !zombie {
			continue
		}
		if !zombie {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it is our child, so that its id is not used anew
			found = true
		}
		reap(pid)
	}
	return found
}

func mayBelong(born uint64, running map[int]uint64) bool {
	for _, began := range running {
		if began <= born {
			return true
		}
	}
	return false
}

// statOf reads when a process began, and whether it has ended and waits for its
// parent (proc_pid_stat(5), fields 22 and 3).
func statOf(pid int) (began uint64, zombie, ok bool) {
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat") // empty when it has ended
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 {
		return 0, false, false
	}
	began, err := strconv.ParseUint(fields[19], 10, 64)
	return began, fields[0] == "Z", err == nil
}
