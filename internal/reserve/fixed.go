package reserve

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// The ports of Fixed lie below those that the kernel gives to connections and to
// whoever listens on port 0, and below those of Kubernetes' nodes.
const first, ports = 24000, 6000

// tried counts the ports that Fixed has looked at.
var tried atomic.Int64

// Fixed is a TCP port that nobody uses on any address, another one each time. Nothing
// keeps it, so that programs of others, such as a container engine, can take it as
// they do; and nobody is given it by chance before its server starts, or while that is
// replaced.
func Fixed() (int, error) {
	for range ports {
		port := first + (100*os.Getpid()+int(tried.Add(1)))%ports
		if l, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("look for a port: none is free")
}
