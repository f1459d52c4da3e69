package backend

import "os/exec"

// StartCompanion starts a process that is no tool's, and that is therefore not
// ended as what a tool has left behind. ended must be called when it has been
// waited for.
func (c *Children) StartCompanion(cmd *exec.Cmd) (ended func(), err error) {
	err = c.start(func() (int, error) {
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		return cmd.Process.Pid, nil
	})
	if err != nil {
		return nil, err
	}
	return func() { c.ended(cmd.Process.Pid) }, nil
}
