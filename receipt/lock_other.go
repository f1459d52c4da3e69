//go:build !unix

package receipt

import "os"

// lock cannot be had here: one process alone must use a folder.
func lock(*os.File) (bool, error) { return true, nil }
