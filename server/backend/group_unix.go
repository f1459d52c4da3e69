//go:build unix

package backend

import (
	"os/exec"
	"syscall"
)

// ownGroup has the program start a process group, so that its children can be
// ended with it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = attributes() }

// terminate asks every process of the group to end.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// kill ends every process of the group. There may be none left.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
