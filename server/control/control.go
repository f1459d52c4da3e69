package control

import (
	"context"
	"encoding/json"
	"net"
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
// many goroutines. Contexts end when the socket is closed.
type Handler interface {
	Status() Status
	// Reload loads the document again; the error says why the server goes on
	// with the one that it has.
	Reload(context.Context) error
	// Stop returns when the server has ended the calls in progress.
	Stop(context.Context) error
	// Health answers as /health does.
	Health() (ok bool, json []byte)
	// Upgrade has a successor take the server's place, and returns when that
	// serves; the error says why the server goes on.
	Upgrade(context.Context) error
	// HandOver hands the server over to the successor at the other end of a
	// connection, which it may use until it returns.
	HandOver(*net.UnixConn)
}

// The operations of the protocol.
const (
	opPing   = "ping"
	opStatus = "status"
	opReload = "reload"
	opStop   = "stop"
	opHealth = "health"

	opUpgrade  = "upgrade"
	opHandOver = "hand_over"
)

type request struct {
	Op string `json:"op"`
}

// answer holds what its operation asked for, or an error.
type answer struct {
	Error   string          `json:"error,omitempty"`
	Status  *Status         `json:"status,omitempty"`
	Healthy bool            `json:"healthy,omitempty"`
	Health  json.RawMessage `json:"health,omitempty"`
}
