//go:build !linux

package backend

// AdoptOrphans does nothing: only Linux has it.
func AdoptOrphans() error { return nil }

var children registry

type registry struct{}

func (registry) start(begin func() (pid int, err error)) error {
	_, err := begin()
	return err
}

func (registry) ended(int) {}
