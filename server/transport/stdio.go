package transport

import (
	"io"
	"net"
	"time"
)

// ServeStdio serves one client over a pair of streams, one message a line, until
// in ends and everything is answered (MCP, basic/transports, "stdio").
func (f *Front) ServeStdio(in io.ReadCloser, out io.Writer) {
	f.conns.Add(1)
	defer f.conns.Done()
	f.serveRaw(&streams{in, out}, "stdio", nil, nil)
}

// streams is a pair of streams as a connection, which has no deadlines.
type streams struct {
	in  io.ReadCloser
	out io.Writer
}

func (s *streams) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s *streams) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *streams) Close() error                     { return s.in.Close() }
func (s *streams) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "stdio"} }
func (s *streams) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "stdio"} }
func (s *streams) SetDeadline(time.Time) error      { return nil }
func (s *streams) SetReadDeadline(time.Time) error  { return nil }
func (s *streams) SetWriteDeadline(time.Time) error { return nil }
