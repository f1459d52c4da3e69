package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	maxConnections = 32
	maxRequest     = 4 << 10         // bytes
	idleTimeout    = time.Minute     // for the next request of a connection
	writeTimeout   = 5 * time.Second // for a client to take its answer
	probeTimeout   = time.Second     // for whoever may be behind an existing socket
	maxSessions    = 10_000          // of an answer
	maxSpan        = 5 * time.Minute // of a profile
)

// Server listens on a control socket.
type Server struct {
	path     string
	file     os.FileInfo // the socket, to know it again
	listener *net.UnixListener
	handler  Handler
	ctx      context.Context // ends when the socket is closed
	cancel   context.CancelFunc
	places   chan struct{} // one for each connection
	running  sync.WaitGroup

	mu          sync.Mutex
	connections map[*connection]struct{}
	closed      bool
}

// connection is one client's. Idle means that it waits for a request.
type connection struct {
	net.Conn
	idle bool
}

// Serve listens on a socket at that path until Close. The socket has mode 0600;
// its folder is made with mode 0700 when there is none. A socket that a dead
// process left behind is replaced; when a live one answers on it, that is an
// error.
func Serve(socketPath string, h Handler) (*Server, error) {
	s := &Server{path: socketPath, handler: h, places: make(chan struct{}, maxConnections), connections: map[*connection]struct{}{}}
	if err := s.listen(); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", socketPath, err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.running.Go(s.accept)
	return s, nil
}

// listen binds the socket in a folder of its own that nobody else can enter, and
// moves it to its place when its mode is right.
func (s *Server) listen() error {
	folder, name := filepath.Split(s.path)
	folder = filepath.Clean(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := free(folder, name); err != nil {
		return err
	}
	private, err := os.MkdirTemp(folder, ".control-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	if err := reach(private, name, func(path string) (err error) {
		s.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	}); err != nil {
		return err
	}
	s.listener.SetUnlinkOnClose(false) // it moves
	err = os.Chmod(filepath.Join(private, name), 0o600)
	if err == nil {
		s.file, err = os.Lstat(filepath.Join(private, name))
	}
	if err == nil {
		err = os.Rename(filepath.Join(private, name), s.path)
	}
	if err != nil {
		s.listener.Close()
	}
	return err
}

// free reports why the place of the socket is taken.
func free(folder, name string) error {
	info, err := os.Lstat(filepath.Join(folder, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != os.ModeSocket {
		return errors.New("there is a file that is not a socket; remove it or use another path")
	}
	err = reach(folder, name, func(path string) error {
		c, err := net.DialTimeout("unix", path, probeTimeout)
		if err == nil {
			c.Close()
		}
		return err
	})
	if err == nil {
		return errors.New("a running server answers on it; stop that one or use another path")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("cannot tell whether a server runs behind it: %w", err)
	}
	return nil
}

// Close stops listening, removes the socket, and returns when every operation
// that was under way has been answered. Their contexts are cancelled.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	for c := range s.connections {
		if c.idle {
			c.Close()
		}
	}
	s.mu.Unlock()
	s.cancel()
	err := s.listener.Close()
	if info, statErr := os.Lstat(s.path); statErr == nil && os.SameFile(info, s.file) {
		err = errors.Join(err, os.Remove(s.path))
	}
	s.running.Wait()
	return err
}

func (s *Server) accept() {
	for {
		select {
		case s.places <- struct{}{}:
		case <-s.ctx.Done():
			return
		}
		conn, err := s.listener.Accept()
		if err != nil {
			<-s.places
			if s.ctx.Err() != nil {
				return
			}
			select { // out of descriptors, perhaps
			case <-time.After(100 * time.Millisecond):
			case <-s.ctx.Done():
			}
			continue
		}
		c := &connection{Conn: conn}
		s.mu.Lock()
		s.connections[c] = struct{}{}
		s.mu.Unlock()
		s.running.Go(func() {
			s.talk(c)
			s.mu.Lock()
			delete(s.connections, c)
			s.mu.Unlock()
			c.Close()
			<-s.places
		})
	}
}

// await notes that the connection waits for a request or no longer does. It
// returns false when the socket is closed and there is nothing to wait for.
func (s *Server) await(c *connection, idle bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.idle = idle
	return !s.closed
}

func (s *Server) talk(c *connection) {
	lines := bufio.NewReaderSize(c, maxRequest)
	for s.await(c, true) {
		_ = c.SetReadDeadline(time.Now().Add(idleTimeout))
		line, err := lines.ReadSlice('\n')
		if err != nil || !s.await(c, false) {
			return
		}
		var a answer
		var q request
		if err := json.Unmarshal(line, &q); err != nil {
			a.Error = "the request is not a JSON object"
		} else {
			a = s.do(q)
		}
		out, err := json.Marshal(a)
		if err != nil {
			out = []byte(`{"error":"the answer cannot be written as JSON"}`)
		}
		_ = c.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := c.Write(append(out, '\n')); err != nil {
			return
		}
	}
}

func (s *Server) do(q request) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{Error: fmt.Sprintf("%s failed within the server: %v", q.Op, p)}
		}
	}()
	var err error
	switch q.Op {
	case opPing:
	case opStatus:
		status := s.handler.Status()
		a.Status = &status
	case opReload:
		err = s.handler.Reload(s.ctx)
	case opStop:
		err = s.handler.Stop(s.ctx)
	case opHealth:
		a.Healthy, a.Health = s.handler.Health()
	case opDrain:
		err = s.handler.Drain(s.ctx)
	case opReopen:
		err = s.handler.Reopen()
	case opLevel:
		err = s.handler.SetLevel(q.Level)
	case opSessions:
		a.Sessions = s.handler.Sessions(min(q.Most, maxSessions))
	case opProfile:
		a.Profile, err = s.handler.Profile(s.ctx, q.Kind, min(q.Span, maxSpan))
	default:
		err = fmt.Errorf("there is no operation %q", q.Op)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}
