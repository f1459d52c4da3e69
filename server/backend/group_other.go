//go:build !unix

package backend

import "os/exec"

// Without process groups, the program's children are left to it.

func ownGroup(*exec.Cmd) {}

func terminate(cmd *exec.Cmd) { kill(cmd) }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
