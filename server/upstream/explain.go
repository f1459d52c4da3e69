package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// explain is what may be said of an error of a connection. What the SDK and
// net/http say of others may quote the URL, a header or a session.
func (l *link) explain(err error) error {
	if said := answered(err); said != nil {
		return errors.New("it says: " + protocol.NewError(0, "%s", said.Message).Message)
	}
	if reason := l.over.explain(); reason != nil {
		return reason
	}
	select {
	case <-l.lost:
		if l.why != nil {
			return l.why
		}
	default:
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("it did not answer in time")
	case errors.Is(err, errTooMuch):
		return errTooMuch
	case errors.Is(err, mcp.ErrSessionMissing):
		return errors.New("it does not know the session any more")
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, mcp.ErrConnectionClosed):
		return errors.New("the connection was closed")
	}
	return errors.New("it has ended the connection, or does not speak MCP")
}

// status is the HTTP status of an upstream that has refused a request.
type status int

func (s status) Error() string {
	return fmt.Sprintf("it answered with status %d %s", int(s), http.StatusText(int(s)))
}

// passing reports whether a request has failed for a reason that says nothing of
// others on the same connection.
func passing(reason error) bool {
	var s status
	return errors.As(reason, &s) && (s == http.StatusTooManyRequests || s >= 500)
}

// answered is the error that the upstream answered with, or nil. Errors of the
// SDK's own have the same type; those for what could not be sent or is cut off are
// known by their texts alone, as any server may use their codes.
func answered(err error) *jsonrpc.Error {
	var said *jsonrpc.Error
	if !errors.As(err, &said) || said.Code == 0 {
		return nil
	}
	switch said.Message {
	case "rejected by transport", "server is closing", "client is closing":
		return nil
	}
	return said
}

// saidSo reports whether an error is the upstream's own answer, and so no sign
// that the connection does not stand.
func saidSo(err error) bool { return saidCode(err) != 0 }

// saidCode is the code of an error that is the upstream's own answer, else 0.
func saidCode(err error) int {
	if said := answered(err); said != nil {
		return int(said.Code)
	}
	return 0
}

// passedOn is an error that the upstream answered with, as it goes to the client.
func passedOn(err error) *protocol.Error {
	said := answered(err)
	if said == nil {
		return nil
	}
	out := protocol.NewError(int(said.Code), "%s", said.Message)
	if len(said.Data) > 0 {
		out.Data = said.Data
	}
	return out
}
