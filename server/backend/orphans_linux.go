package backend

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Children are the programs that a process has started and that have not been
// waited for, with the times that they began (in ticks since the machine did). They
// tell them from orphans, so that there is one for a process, which all its runtimes
// are given. Nil knows of none, and adopts none.
type Children struct {
	mu    sync.RWMutex // held for reading while a program starts
	set   sync.Mutex
	began map[int]uint64 // by process id
}

// AdoptOrphans has the processes that lose their parent below this process become
// its own children (PR_SET_CHILD_SUBREAPER, prctl(2)). What a program leaves
// behind is found then even when it bears no mark any more, and ended. It is for a
// process that starts none but those of this package: others would be taken for
// orphans.
func AdoptOrphans() (*Children, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("adopt orphans: %w", err)
	}
	return &Children{began: map[int]uint64{}}, nil
}

// start starts a program and notes it, so that nobody sees it in between.
func (c *Children) start(begin func() (pid int, err error)) error {
	if c == nil {
		_, err := begin()
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	pid, err := begin()
	if err != nil {
		return err
	}
	at, _, _ := statOf(pid) // it is there at least as a zombie, as nobody has waited for it
	c.set.Lock()
	defer c.set.Unlock()
	c.began[pid] = at
	return nil
}

// ended forgets a program that was waited for.
func (c *Children) ended(pid int) {
	if c == nil {
		return
	}
	c.set.Lock()
	defer c.set.Unlock()
	delete(c.began, pid)
}

// endOrphans ends the children of this process that it has not started, but for
// those that may belong to a program that still runs: that were born when it ran
// already. Each is so ended when the last of those has ended that it can belong
// to. program has ended itself.
func (c *Children) endOrphans(program int) {
	if c == nil {
		return
	}
	for deadline := time.Now().Add(endTime); time.Now().Before(deadline); {
		if !c.endOnce(program) {
			return
		}
	}
}

// endOnce reports whether there was one.
func (c *Children) endOnce(program int) (found bool) {
	c.mu.Lock() // nothing starts meanwhile
	defer c.mu.Unlock()
	c.set.Lock()
	running := maps.Clone(c.began)
	c.set.Unlock()
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
	fields := stat(pid)
	if len(fields) < 20 {
		return 0, false, false
	}
	began, err := strconv.ParseUint(fields[19], 10, 64)
	return began, fields[0] == "Z", err == nil
}
