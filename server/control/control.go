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
	Troubles       []Trouble `json:"troubles,omitempty"` // health checks that do not pass
}

// Trouble is a health check that does not pass.
type Trouble struct {
	Check  string `json:"check"` // as in its path below health.path, such as "upstream/tickets"
	Detail string `json:"detail"`
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
	// Drain takes no new work, and returns when the calls in progress have ended.
	// The server stays, so that it can be looked at, until it is stopped.
	Drain(context.Context) error
	// Reopen opens log files anew.
	Reopen() error
	// SetLevel changes the level of the log until the next reload.
	SetLevel(level string) error
	// Sessions tells of open sessions: those used last, at most that many.
	Sessions(most int) []Session
	// Profile records what the process does, for package runtime/pprof's tools.
	// kind is cpu, or one of those that [runtime/pprof.Lookup] knows.
	Profile(ctx context.Context, kind string, span time.Duration) ([]byte, error)
}

// Session is one open session of the older protocol era. It is told by the
// beginning of its name, as who knows all of it can use it.
type Session struct {
	Name       string    `json:"name"`
	Version    string    `json:"version"`
	Identity   string    `json:"identity,omitempty"`
	Used       time.Time `json:"used"`
	Subscribed int       `json:"subscribed,omitempty"`
	Streaming  bool      `json:"streaming,omitempty"`
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
	opDrain    = "drain"
	opReopen   = "reopen_logs"
	opLevel    = "log_level"
	opSessions = "sessions"
	opProfile  = "profile"
)

// request is an operation, and what it needs to know.
type request struct {
	Op    string        `json:"op"`
	Level string        `json:"level,omitempty"`
	Most  int           `json:"most,omitempty"`
	Kind  string        `json:"kind,omitempty"`
	Span  time.Duration `json:"span,omitempty"` // nanoseconds
}

// answer holds what its operation asked for, or an error.
type answer struct {
	Error   string          `json:"error,omitempty"`
	Status  *Status         `json:"status,omitempty"`
	Healthy bool            `json:"healthy,omitempty"`
	Health  json.RawMessage `json:"health,omitempty"`

	Sessions []Session `json:"sessions,omitempty"`
	Profile  []byte    `json:"profile,omitempty"`
}
