//go:build !linux

package main

import (
	"fmt"
	"os"
)

// supervise needs Linux, as the targets that it is made for have.
func supervise([]string) int {
	fmt.Fprintln(os.Stderr, "erlmcpd: supervise works on Linux only")
	return 1
}
