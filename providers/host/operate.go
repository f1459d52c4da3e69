package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/server/control"
)

var _ resource.Operable = (*Provider)(nil)

// OpenOperator looks after the servers of the target.
func (p *Provider) OpenOperator(_ context.Context, t resource.Target, owner resource.Owner) (resource.Operator, error) {
	m, err := open(t, owner)
	if err != nil {
		return nil, err
	}
	return &operator{m}, nil
}

type operator struct{ *machine }

// Units is the one process of a server.
func (o *operator) Units(ctx context.Context, k resource.Key) ([]resource.Unit, error) {
	f, ok, err := o.find(k)
	if err != nil || !ok {
		return nil, err
	}
	supervisor, err := f.supervisor()
	if err != nil {
		return nil, err
	}
	child := f.childState()
	u := resource.Unit{Name: filepath.Base(string(f)), State: "stopped", Restarts: max(0, child.Starts-1), Last: child.Exit}
	if supervisor != 0 {
		u.State = "waiting"
	}
	if supervisor != 0 && child.PID != 0 && syscall.Kill(child.PID, 0) == nil {
		u.State, u.Running = "running", true
		u.Ready = f.healthy(ctx) == nil
		if s, ok := f.status(ctx); ok {
			u.Since = s.Started
		}
	}
	return []resource.Unit{u}, nil
}

// Ask asks over the control socket.
func (o *operator) Ask(ctx context.Context, k resource.Key, _ string, question []string, out io.Writer) error {
	f, ok, err := o.find(k)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("there is no folder of %s", k.Address.Server)
	}
	if err := control.Ask(ctx, f.socket(), question, out); err != nil {
		return resource.Refusal([]byte(err.Error()))
	}
	return nil
}

const (
	followPause = 200 * time.Millisecond
	tailBlock   = 64 << 10 // bytes that are read at once, from the end backwards
)

// Logs writes the log of the supervisor and the server, and follows it when it is
// moved aside.
func (o *operator) Logs(ctx context.Context, k resource.Key, _ string, what resource.LogRequest, out io.Writer) error {
	f, ok, err := o.find(k)
	if err != nil || !ok {
		return err
	}
	file, err := os.Open(f.log())
	if errors.Is(err, fs.ErrNotExist) && !what.Follow {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the log: %w", err)
	}
	defer func() { file.Close() }()
	if err := seekTail(file, what.Tail); err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	tick := time.NewTicker(followPause)
	defer tick.Stop()
	for {
		if _, err := io.Copy(out, file); err != nil || !what.Follow {
			return err
		}
		if next := movedOn(file, f.log()); next != nil {
			_, err := io.Copy(out, file) // what came before it was moved
			file.Close()
			if file = next; err != nil {
				return err
			}
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// movedOn opens the file at the path when it is another one by now.
func movedOn(file *os.File, path string) *os.File {
	now, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if was, err := file.Stat(); err == nil && os.SameFile(was, now) {
		return nil
	}
	next, err := os.Open(path)
	if err != nil {
		return nil
	}
	return next
}

// seekTail moves to where the last lines begin; -1 is all of them.
func seekTail(file *os.File, lines int) error {
	if lines < 0 {
		return nil
	}
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil || lines == 0 {
		return err
	}
	block := make([]byte, tailBlock)
	for at := end; at > 0; {
		size := min(at, tailBlock)
		at -= size
		if _, err := file.ReadAt(block[:size], at); err != nil {
			return err
		}
		for i := size - 1; i >= 0; i-- {
			if block[i] != '\n' || at+i == end-1 {
				continue
			}
			if lines--; lines == 0 {
				_, err = file.Seek(at+i+1, io.SeekStart)
				return err
			}
		}
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}

// Close has nothing to close.
func (o *operator) Close() error { return nil }
