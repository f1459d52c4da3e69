package server

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/erlmcp/erlmcp/schemas"
)

// backlog bounds how many connections wait to be accepted: a second listen(2) on
// a socket does.
func backlog(l net.Listener, s *schemas.Socket) error {
	tcp, ok := l.(*net.TCPListener)
	if !ok || s == nil || s.Backlog == nil {
		return nil
	}
	socket, err := tcp.SyscallConn()
	if err != nil {
		return fmt.Errorf("listen.socket.backlog: %w", err)
	}
	var failed error
	if err := socket.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), *s.Backlog) }); err != nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("listen.socket.backlog: %w", failed)
	}
	return nil
}

// strictTransport reports whether browsers are told to come with TLS only: not to
// a server for development or on loopback, which shares its name with others.
func strictTransport(doc *schemas.Server) bool {
	at, err := netip.ParseAddr(doc.Listen.Address)
	return doc.TLS != nil && doc.TLS.Development == nil && err == nil && !at.IsLoopback()
}
