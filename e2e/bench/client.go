package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// answerTimeout is how long a client waits for an answer at most.
const answerTimeout = 20 * time.Second

// client is one connection that is kept alive, and its one request.
type client struct {
	conn    net.Conn
	request []byte
	buf     []byte
	lines   bool // newline-delimited JSON, not HTTP
}

// dial connects over TCP, and over TLS when there is a configuration.
func dial(addr string, secure *tls.Config) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, answerTimeout)
	if err != nil {
		return nil, err
	}
	if secure != nil {
		conn = tls.Client(conn, secure)
	}
	return &client{conn: conn}, nil
}

// call sends the request and waits for its answer, which must hold what was said.
func (c *client) call() error {
	answer, err := c.exchange(c.request)
	if err != nil {
		return err
	}
	if !bytes.Contains(answer, []byte(said)) || bytes.Contains(answer, []byte(`"error"`)) {
		return fmt.Errorf("unexpected answer: %s", answer)
	}
	return nil
}

// exchange sends a request and returns the whole answer, which is valid until the
// next.
func (c *client) exchange(request []byte) ([]byte, error) {
	if c.buf == nil {
		c.buf = make([]byte, 4<<10)
	}
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	for n := 0; ; {
		if n == len(c.buf) {
			return nil, errors.New("the answer is too large")
		}
		m, err := c.conn.Read(c.buf[n:])
		n += m
		if c.complete(c.buf[:n]) {
			return c.buf[:n], nil
		}
		if err != nil {
			return nil, fmt.Errorf("after %q: %w", c.buf[:n], err)
		}
	}
}

var (
	endOfHeader = []byte("\r\n\r\n")
	lengthField = []byte("\r\nContent-Length: ")
	chunked     = []byte("\r\nTransfer-Encoding: chunked")
	lastChunk   = []byte("\r\n0\r\n\r\n")
)

// complete reports whether what was read is a whole answer.
func (c *client) complete(b []byte) bool {
	if c.lines {
		return len(b) > 0 && b[len(b)-1] == '\n'
	}
	end := bytes.Index(b, endOfHeader)
	if end < 0 {
		return false
	}
	header, body := b[:end+2], b[end+len(endOfHeader):]
	if i := bytes.Index(header, lengthField); i >= 0 {
		text, _, _ := bytes.Cut(header[i+len(lengthField):], endOfHeader[:2])
		length, err := strconv.Atoi(string(text))
		return err == nil && len(body) >= length
	}
	if bytes.Contains(header, chunked) {
		return bytes.HasSuffix(body, lastChunk)
	}
	return true // 202 and the like
}

// session begins a session of the older era and returns its name; "" when the
// server keeps none.
func (c *client) session(headers string) (string, error) {
	answer, err := c.exchange(post(headers, initialize))
	if err != nil {
		return "", err
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
		return "", fmt.Errorf("initialize: %s", answer)
	}
	_, rest, ok := bytes.Cut(answer, []byte("\r\nMcp-Session-Id: "))
	if !ok {
		return "", nil
	}
	name, _, _ := bytes.Cut(rest, endOfHeader[:2])
	session := string(name)
	_, err = c.exchange(post(older.headers+sessionHeader(session)+headers, initialized))
	return session, err
}

// drop closes the connection so that its port is free at once.
func (c *client) drop() {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.conn.Close()
}
