package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

const (
	// maxTurnedAway is how many connections at a time are told why they are
	// refused; further ones are just closed.
	maxTurnedAway = 64
	// turnAwayTime is how long telling may take.
	turnAwayTime = time.Second
	// comeBackLater is after how many seconds a client may try again.
	comeBackLater = 2
)

// room reports whether there is room for a connection that was just counted. If
// not, it refuses the connection.
func (f *Front) room(conn net.Conn, rawOnly bool) bool {
	reason, text := "", ""
	switch {
	case f.open.Load() > int64(f.Limits.Connections):
		reason, text = "connections", "Too many connections (limits.connections)"
	case !f.Memory.Connect():
		reason, text = "memory", "The server is short of memory for another connection"
	default:
		return true
	}
	f.Refused(Refusal{reason, address(conn.RemoteAddr().String()), http.StatusServiceUnavailable})
	f.open.Add(-1)
	f.Metrics.Connections.Dec()
	if f.TLS != nil || f.turning.Add(1) > maxTurnedAway {
		if f.TLS == nil {
			f.turning.Add(-1)
		}
		conn.Close()
		return false
	}
	go func() { // ends within turnAwayTime
		turnAway(conn, rawOnly, text)
		f.turning.Add(-1)
	}()
	return false
}

// turnAway tells the client why it is refused, and closes the connection. What the
// client has sent is read first: a connection that is closed with something
// unread is reset, and the answer lost.
func turnAway(conn net.Conn, rawOnly bool, text string) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(turnAwayTime))
	var head [1024]byte
	n, _ := conn.Read(head[:]) // whatever it is, the answer is the same
	body := protocol.AppendError(nil, nil, &protocol.Error{
		Code: protocol.Overloaded, Message: text, Data: map[string]int64{"retryAfterMs": comeBackLater * 1000},
	})
	if rawOnly || n > 0 && detect(head[0]) == speaksJSON {
		conn.Write(append(body, '\n'))
	} else {
		fmt.Fprintf(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: %d\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", comeBackLater, len(body), body)
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	io.Copy(io.Discard, io.LimitReader(conn, 64<<10)) // until the client closes too
}

var errNoRoom = errors.New("the server is short of memory")

// noRoom refuses a body for which there is no memory now.
func (f *Front) noRoom(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Retry-After", strconv.Itoa(comeBackLater))
	// What is left of the body is thrown away, as many clients hear nothing before
	// they have sent all of it.
	io.Copy(io.Discard, io.LimitReader(r.Body, int64(f.Limits.RequestSize)))
	f.refuse(w, r, nil, "memory", http.StatusServiceUnavailable, shortOfMemory())
	return errNoRoom
}

// noRoom refuses a message for which there is no memory now; the connection ends
// with that, as the message has no end yet.
func (c *rawConn) noRoom() {
	c.front.Refused(Refusal{"memory", c.client, http.StatusServiceUnavailable})
	c.send(protocol.AppendError(Buffer(), nil, shortOfMemory()))
}

// noRoomEver refuses a body for which there can be no memory.
func (f *Front) noRoomEver(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Connection", "close")
	f.refuse(w, r, nil, "memory", http.StatusRequestEntityTooLarge, protocol.NewError(protocol.InvalidRequest, "the body is larger than limits.memory has room for"))
	return errNoRoom
}

func shortOfMemory() *protocol.Error {
	return &protocol.Error{
		Code: protocol.Overloaded, Message: "The server is short of memory",
		Data: map[string]int64{"retryAfterMs": comeBackLater * 1000},
	}
}

// headerBytes is the bound on headers for net/http, which adds 4 KB of its own.
func headerBytes(l schemas.Limits) int { return max(int(l.HeaderSize)-4<<10, 1) }

// probes is how many questions a system asks on a quiet connection before it gives
// up.
const probes = 9

// tune applies the settings of sockets to a connection. What a system does not
// know it does without.
func tune(conn net.Conn, s *schemas.Socket) {
	tcp, ok := conn.(*net.TCPConn)
	if !ok || s == nil {
		return
	}
	if s.NoDelay != nil {
		tcp.SetNoDelay(*s.NoDelay)
	}
	if s.ReadBuffer > 0 {
		tcp.SetReadBuffer(int(s.ReadBuffer))
	}
	if s.WriteBuffer > 0 {
		tcp.SetWriteBuffer(int(s.WriteBuffer))
	}
	every := time.Duration(s.KeepAlive)
	tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: every > 0, Idle: every, Interval: every, Count: probes})
}

// writeTimeout is how long a client may take to take in what is sent.
func (f *Front) writeTimeout() time.Duration { return time.Duration(f.Limits.WriteTimeout) }

// grows is by how much a buffer that is full grows: to double its size, but not
// beyond the length that the client has told, and the byte that shows the end.
func grows(size int, told int64) int {
	if rest := told + 1 - int64(size); rest > 0 {
		return int(min(rest, int64(max(size, 512))))
	}
	return max(size, 512)
}
