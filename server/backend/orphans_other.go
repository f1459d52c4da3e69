//go:build !linux

package backend

// Children are the programs that a process has started. Only Linux tells orphans
// from them.
type Children struct{}

// AdoptOrphans does nothing: only Linux has it.
func AdoptOrphans() (*Children, error) { return nil, nil }

func (*Children) start(begin func() (pid int, err error)) error {
	_, err := begin()
	return err
}

func (*Children) ended(int) {}

func (*Children) endOrphans(int) {}
