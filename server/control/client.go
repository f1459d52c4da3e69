package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"time"
)

// dialTimeout bounds the wait for a server that listens but does not accept.
const dialTimeout = 5 * time.Second

// maxAnswer bounds an answer, in bytes. Profiles are the longest.
const maxAnswer = 64 << 20

// Client asks a running server. Its methods may be called from many goroutines
// and take turns. After an operation that was given up the client is of no more
// use, as an answer may still be on its way.
type Client struct {
	path string
	mu   sync.Mutex
	conn net.Conn
	in   *bufio.Reader
}

// Dial connects to the socket at that path.
func Dial(socketPath string) (*Client, error) {
	c := &Client{path: socketPath}
	folder, name := filepath.Split(socketPath)
	err := reach(filepath.Clean(folder), name, func(path string) (err error) {
		c.conn, err = net.DialTimeout("unix", path, dialTimeout)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("no server answers on control socket %s: %w", socketPath, err)
	}
	c.in = bufio.NewReaderSize(c.conn, 64<<10)
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Ping asks whether the server answers.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.ask(ctx, request{Op: opPing})
	return err
}

// Status asks how the server is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	a, err := c.ask(ctx, request{Op: opStatus})
	if err != nil {
		return Status{}, err
	}
	if a.Status == nil {
		return Status{}, fmt.Errorf("control socket %s: the answer holds no status", c.path)
	}
	return *a.Status, nil
}

// Reload has the server load its document again. The error says why it goes on
// with the one that it has.
func (c *Client) Reload(ctx context.Context) error {
	_, err := c.ask(ctx, request{Op: opReload})
	return err
}

// Stop has the server end its calls and stop. A server that is gone before it
// could answer has stopped too.
func (c *Client) Stop(ctx context.Context) error {
	_, err := c.ask(ctx, request{Op: opStop})
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Health asks for the health of the server, and returns what /health would
// answer.
func (c *Client) Health(ctx context.Context) (ok bool, body []byte, err error) {
	a, err := c.ask(ctx, request{Op: opHealth})
	return a.Healthy, a.Health, err
}

// Drain has the server take no new work, and returns when its calls have ended.
func (c *Client) Drain(ctx context.Context) error {
	_, err := c.ask(ctx, request{Op: opDrain})
	return err
}

// ReopenLogs has the server open its log files anew.
func (c *Client) ReopenLogs(ctx context.Context) error {
	_, err := c.ask(ctx, request{Op: opReopen})
	return err
}

// SetLevel changes the level of the server's log until its next reload.
func (c *Client) SetLevel(ctx context.Context, level string) error {
	_, err := c.ask(ctx, request{Op: opLevel, Level: level})
	return err
}

// Sessions asks for the sessions that were used last, at most that many.
func (c *Client) Sessions(ctx context.Context, most int) ([]Session, error) {
	a, err := c.ask(ctx, request{Op: opSessions, Most: most})
	return a.Sessions, err
}

// Profile asks for a profile; see [Handler].
func (c *Client) Profile(ctx context.Context, kind string, span time.Duration) ([]byte, error) {
	a, err := c.ask(ctx, request{Op: opProfile, Kind: kind, Span: span})
	return a.Profile, err
}

func (c *Client) ask(ctx context.Context, q request) (answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A context that has ended wakes up whatever waits for the connection.
	_ = c.conn.SetDeadline(time.Time{})
	woken := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = c.conn.SetDeadline(time.Unix(1, 0))
		close(woken)
	})
	defer func() {
		if !stop() {
			<-woken // or it would wake up whoever comes next
		}
	}()
	a, err := c.exchange(q)
	if err != nil {
		c.conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return answer{}, fmt.Errorf("control socket %s: %s: %w", c.path, q.Op, err)
	}
	if a.Error != "" {
		return answer{}, errors.New(a.Error)
	}
	return a, nil
}

func (c *Client) exchange(q request) (a answer, err error) {
	out, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	if _, err := c.conn.Write(append(out, '\n')); err != nil {
		return a, err
	}
	var line []byte
	for {
		part, err := c.in.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return a, err
		}
		if len(line) > maxAnswer {
			return a, errors.New("the answer is too long")
		}
	}
	return a, json.Unmarshal(line, &a)
}
