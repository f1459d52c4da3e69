package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// start starts the command inside the groups: nothing that it does escapes them.
func (g fence) start(cmd *exec.Cmd, groups []string) error {
	if len(groups) == 0 {
		return cmd.Start()
	}
	if g.isUnified() {
		group, err := os.Open(groups[0])
		if err != nil {
			return err
		}
		defer group.Close()
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(group.Fd())
		return cmd.Start()
	}
	started := make(chan error)
	go startFrom(cmd, groups, started)
	return <-started
}

// startFrom starts the command from a thread that was moved into the groups, and
// that ends with this function: it keeps its lock.
func startFrom(cmd *exec.Cmd, groups []string, started chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		startFromAnother(cmd, groups, started)
		return
	}
	for _, g := range groups {
		if err := put(filepath.Join(g, "tasks"), strconv.Itoa(unix.Gettid())); err != nil {
			started <- fmt.Errorf("enter the control group %s: %w", g, err)
			return
		}
	}
	started <- cmd.Start()
}

// startFromAnother does so while the first thread, which never ends, is held.
func startFromAnother(cmd *exec.Cmd, groups []string, started chan<- error) {
	defer runtime.UnlockOSThread()
	done := make(chan error)
	go startFrom(cmd, groups, done)
	started <- <-done
}
