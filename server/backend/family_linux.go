package backend

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// callVariable marks the processes of one call in their environment, which they
// pass on to their children also where those leave the group and the session.
// Its value is the id of the runtime's process and a random text.
const callVariable = "ERLMCP_CALL"

// endTime bounds how long ending a family may take.
const endTime = 5 * time.Second

func newMark() string { return fmt.Sprintf("%s=%d.%s", callVariable, os.Getpid(), rand.Text()) }

// attributes have the program start a process group, so that its children can be
// ended with it, and end when the thread ends that has started it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// endMarkedAfter ends what a program that has ended left behind, as far as that
// bears its mark.
func endMarkedAfter(program int, mark string) {
	last := lastPID()
	if last == program {
		return // no process began after it
	}
	endAll(mark+"\x00", func(pid int) bool {
		if last > program {
			return pid > program
		}
		return pid > program || pid <= last // the ids have begun anew
	})
}

// EndPrograms ends the programs that the runtime of that process id has left
// behind, which has ended itself.
func EndPrograms(runtime int) {
	endAll(fmt.Sprintf("%s=%d.", callVariable, runtime), func(int) bool { return true })
}

// endAll ends the processes that bear a mark until there is none left, as they
// may start others meanwhile.
func endAll(mark string, among func(pid int) bool) {
	for deadline := time.Now().Add(endTime); time.Now().Before(deadline); {
		found, unsure := false, false
		for _, pid := range pids() {
			if among(pid) {
				ended, sure := endMarked(pid, mark)
				found, unsure = found || ended, unsure || !sure
			}
		}
		switch {
		case found:
			among = func(int) bool { return true }
		case !unsure:
			return
		}
	}
}

// endMarked ends a process if it bears the mark, and reports whether it did, and
// whether it is sure of that.
func endMarked(pid int, mark string) (ended, sure bool) {
	if bears, sure := bearsMark(pid, mark); !bears || pid == os.Getpid() {
		return false, sure
	}
	p, err := os.FindProcess(pid) // holds on to this process, not to its id
	if err != nil {
		return false, true
	}
	defer func() { _ = p.Release() }() // gives back a descriptor
	if bears, sure := bearsMark(pid, mark); !bears || p.Kill() != nil {
		return false, sure
	}
	reap(pid)
	return true, true
}

// reap takes in the exit status of an orphan that has become a child of this
// process, as it does in a container.
func reap(pid int) {
	for {
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != syscall.EINTR {
			return // ECHILD: it is somebody else's
		}
	}
}

// bearsMark reports whether a process bears the mark. It is not sure of one in the
// middle of execve(2), which has neither arguments nor an environment to look at.
func bearsMark(pid int, mark string) (bears, sure bool) {
	folder := "/proc/" + strconv.Itoa(pid)
	environment, err := os.ReadFile(folder + "/environ")
	if err == nil && len(environment) == 0 {
		whole := hasArguments(pid)
		environment, err = os.ReadFile(folder + "/environ")
		if err == nil && len(environment) == 0 {
			return false, whole && hasArguments(pid) || hasNone(pid)
		}
	}
	bears = err == nil && (bytes.HasPrefix(environment, []byte(mark)) || bytes.Contains(environment, []byte("\x00"+mark)))
	return bears, true
}

func hasArguments(pid int) bool {
	arguments, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline")
	return err == nil && len(arguments) > 0
}

// hasNone reports whether a process never has arguments any more: it has ended, or
// is a thread of the kernel.
func hasNone(pid int) bool {
	const kernelThread = 0x00200000 // PF_KTHREAD
	fields := stat(pid)
	if len(fields) < 7 || fields[0] == "Z" || fields[0] == "X" {
		return true
	}
	flags, err := strconv.ParseUint(fields[6], 10, 64)
	return err != nil || flags&kernelThread != 0
}

func pids() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // as many as can be read
	var all []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			all = append(all, pid)
		}
	}
	return all
}

// lastPID is the process id that was given last, or 0.
func lastPID() int {
	load, _ := os.ReadFile("/proc/loadavg") // without it, 0
	fields := strings.Fields(string(load))
	if len(fields) < 5 {
		return 0
	}
	last, _ := strconv.Atoi(fields[4]) // 0 when it is none
	return last
}

// descendants are the processes below one, which may bear no mark, as a program
// can clear its environment.
func descendants(root int) []*os.Process {
	children := map[int][]int{}
	for _, pid := range pids() {
		if parent := parentOf(pid); parent > 0 {
			children[parent] = append(children[parent], pid)
		}
	}
	var found []*os.Process
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		pid := queue[0]
		queue = append(queue, children[pid]...)
		if p, err := os.FindProcess(pid); err == nil {
			found = append(found, p)
		}
	}
	return found
}

// stat are the fields of proc_pid_stat(5) from the third on: the second, in
// brackets, may hold anything.
func stat(pid int) []string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat") // empty when it has ended
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

func parentOf(pid int) int {
	fields := stat(pid)
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1]) // 0 when it is none
	return parent
}

// endDescendants ends what was found before its parent ended.
func endDescendants(found []*os.Process) {
	for _, p := range found {
		_ = p.Kill()
		_ = p.Release()
	}
}
