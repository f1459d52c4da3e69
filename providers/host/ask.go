package host

import (
	"context"
	"fmt"
	"time"

	"github.com/erlmcp/erlmcp/server/control"
)

// askTimeout bounds a question to a server about itself.
const askTimeout = 3 * time.Second

// dial connects to the server's control socket.
func (f folder) dial() (*control.Client, error) { return control.Dial(f.socket()) }

// status is what the server says of itself; ok is false when it does not answer.
func (f folder) status(ctx context.Context) (s control.Status, ok bool) {
	c, err := f.dial()
	if err != nil {
		return s, false
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	s, err = c.Status(ctx)
	return s, err == nil
}

// answers reports whether the server answers at all: one that hangs does not.
func (f folder) answers(ctx context.Context) bool {
	c, err := f.dial()
	if err != nil {
		return false
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return c.Ping(ctx) == nil
}

// healthy is nil when the server says that it is well, or what it says instead.
func (f folder) healthy(ctx context.Context) error {
	c, err := f.dial()
	if err != nil {
		return fmt.Errorf("it does not answer yet")
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	ok, body, err := c.Health(ctx)
	if err != nil {
		return fmt.Errorf("it does not answer yet")
	}
	if !ok {
		return fmt.Errorf("it says %s", body)
	}
	return nil
}

// reload has the server load its release again.
func (f folder) reload(ctx context.Context) error {
	c, err := f.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Reload(ctx)
}
