package control

import (
	"context"
	"errors"
	"time"
)

// Status is what a running server says of itself.
type Status struct {
	Name           string    `json:"name"`
	Version        string    `json:"version"`
	PID            int       `json:"pid"`
	Started        time.Time `json:"started"`
	URL            string    `json:"url"`
	Address        string    `json:"address"`
	Port           int       `json:"port"`
	MetricsURL     string    `json:"metrics_url,omitempty"`
	DocumentSHA256 string    `json:"document_sha256"`
	State          string    `json:"state"` // starting, running, draining
	Sessions       int       `json:"sessions"`
	Connections    int       `json:"connections"`
	InProgress     int       `json:"in_progress"`
}

// Handler is the server behind a control socket. Its methods are called from
// many goroutines.
type Handler interface {
	Status() Status
	Reload(context.Context) error
	// Stop begins to drain, and returns when the server has ended its calls.
	Stop(context.Context) error
	Health() (ok bool, json []byte)
}

// Server listens on a control socket.
type Server struct{}

// Serve listens on a socket at that path until Close.
func Serve(socketPath string, h Handler) (*Server, error) { return nil, errors.New("not yet") }

// Close stops listening and removes the socket.
func (s *Server) Close() error { return nil }

// Client asks a running server.
type Client struct{}

// Dial connects to the socket at that path.
func Dial(socketPath string) (*Client, error) { return nil, errors.New("not yet") }

// Close ends the connection.
func (c *Client) Close() error { return nil }

// Ping asks whether the server answers.
func (c *Client) Ping(ctx context.Context) error { return nil }

// Status asks how the server is.
func (c *Client) Status(ctx context.Context) (Status, error) { return Status{}, nil }

// Reload has the server load its document again.
func (c *Client) Reload(ctx context.Context) error { return nil }

// Stop has the server end its calls and stop.
func (c *Client) Stop(ctx context.Context) error { return nil }

// Health asks for the health of the server, as /health would answer.
func (c *Client) Health(ctx context.Context) (ok bool, body []byte, err error) {
	return false, nil, nil
}
