//go:build unix

package heir

import (
	"os"
	"syscall"
)

// controlSize is what the descriptors of one record take beside it.
var controlSize = syscall.CmsgSpace(4 * maxFiles)

func rights(descriptors []int) []byte {
	if len(descriptors) == 0 {
		return nil
	}
	return syscall.UnixRights(descriptors...)
}

// opened are the descriptors in control messages.
func opened(control []byte) []*os.File {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	var out []*os.File
	for i := range messages {
		descriptors, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range descriptors {
			syscall.CloseOnExec(fd)
			out = append(out, os.NewFile(uintptr(fd), "handed over"))
		}
	}
	return out
}
