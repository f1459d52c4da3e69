package control

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// maxPath is how long the path of a socket may be on every system; the kernel
// has no room for more in an address (unix(7): 108 bytes with a final NUL).
const maxPath = 103

// reach calls use with a path to the named file in that folder that is short
// enough for a socket's address. On Linux a long one goes by way of the open
// folder.
func reach(folder, name string, use func(path string) error) error {
	path := filepath.Join(folder, name)
	if len(path) <= maxPath {
		return use(path)
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("%s is longer than %d bytes, the most for a socket; use a shorter folder", path, maxPath)
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name))
}
