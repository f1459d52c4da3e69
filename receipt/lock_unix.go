//go:build unix

package receipt

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes a file for this process, until it is closed. It reports false when
// another one has it.
func lock(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
