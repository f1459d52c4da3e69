package reserve

import (
	"fmt"
	"syscall"
)

// Port keeps a port of 127.0.0.1 until release is called: nobody is given it who
// asks for any port, while whoever asks for it by its number, with SO_REUSEADDR as
// net.Listen does, can listen on it. As long as nobody does, connections to it are
// refused.
func Port() (port int, release func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, fmt.Errorf("reserve a port: %w", err)
	}
	if port, err = bind(fd); err != nil {
		syscall.Close(fd)
		return 0, nil, fmt.Errorf("reserve a port: %w", err)
	}
	return port, func() { syscall.Close(fd) }, nil
}

// bind gives a socket a port, and does not listen on it.
func bind(fd int) (port int, err error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	return at.(*syscall.SockaddrInet4).Port, nil
}
