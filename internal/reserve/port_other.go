//go:build !linux

package reserve

import (
	"fmt"
	"net"
)

// Port looks for a port of 127.0.0.1 that is free: here, one that is kept cannot be
// listened on by others.
func Port() (port int, release func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, fmt.Errorf("look for a port: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, func() {}, l.Close()
}
