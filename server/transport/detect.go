package transport

import (
	"crypto/tls"
	"net"
)

// language is what a connection speaks.
type language uint8

const (
	unknown language = iota
	spaces           // only white space so far
	speaksHTTP
	speaksJSON
)

// detect tells the language of a connection by its first byte: HTTP begins with
// a method, in capital letters (RFC 9110, section 9.1; HTTP/2 with "PRI"), JSON-RPC
// with an object or a batch.
func detect(first byte) language {
	switch {
	case first >= 'A' && first <= 'Z':
		return speaksHTTP
	case first == '{' || first == '[':
		return speaksJSON
	case first == ' ' || first == '\t' || first == '\r' || first == '\n':
		return spaces
	}
	return unknown
}

// peeked is a connection whose first byte has been read already.
type peeked struct {
	net.Conn
	first   byte
	unread  bool
	visitor visitor
}

// Read gives the first byte again, then goes on.
func (c *peeked) Read(p []byte) (int, error) {
	if c.unread && len(p) > 0 {
		p[0], c.unread = c.first, false
		return 1, nil
	}
	return c.Conn.Read(p)
}

// peekedTLS is a peeked connection under TLS.
type peekedTLS struct {
	peeked
	tls *tls.Conn
}

// ConnectionState is what net/http shows as Request.TLS.
func (c *peekedTLS) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
