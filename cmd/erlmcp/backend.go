package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/gcs"
	"github.com/erlmcp/erlmcp/engine/state/backend/kubernetes"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
	"github.com/erlmcp/erlmcp/schemas"
)

// setUp is the backend that init has set up: what stands in .erlmcp/backend.json.
type setUp struct {
	Kind string `json:"kind"`
	// Written is what the block said then, and Config that with what init was given.
	Written map[string]json.RawMessage `json:"written"`
	Config  json.RawMessage            `json:"config"`
}

// backendFile is where a working folder remembers its backend.
func (c *cli) backendFile() string { return filepath.Join(c.dir, local.Folder, "backend.json") }

// readSetUp returns nil when no backend has been set up.
func (c *cli) readSetUp() (*setUp, error) {
	raw, err := os.ReadFile(c.backendFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, diag.Errorf("Cannot tell where the state lies", "%s is a file; erlmcp keeps its state in a folder of that name.", absolute(filepath.Dir(c.backendFile()))).
			Fix("Move it away, or put back the folder that was there.")
	}
	var s setUp
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		return nil, diag.Errorf("Cannot tell where the state lies", "%s cannot be read: %v.", absolute(c.backendFile()), err).
			Fix("Set the backend up again: erlmcp init -reconfigure.")
	}
	return &s, nil
}

// writeSetUp remembers a backend, nil for the folder itself.
func (c *cli) writeSetUp(s *setUp) error {
	if s == nil {
		if err := os.Remove(c.backendFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return diag.Errorf("Cannot set up the backend", "%v.", err)
		}
		return nil
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(c.backendFile()), 0o700)
	}
	if err == nil {
		err = renameio.WriteFile(c.backendFile(), append(raw, '\n'), 0o600)
	}
	if err != nil {
		return diag.Errorf("Cannot set up the backend", "%v.", err)
	}
	return nil
}

// isLocal says whether the state lies in the working folder.
func (s *setUp) isLocal() bool { return s == nil || s.Kind == "local" }

// place names where the state lies, for messages.
func (c *cli) place(s *setUp) string {
	if s.isLocal() {
		return absolute(filepath.Join(c.dir, local.Folder))
	}
	return fmt.Sprintf("backend %q", s.Kind)
}

// open reaches a backend.
func (c *cli) open(ctx context.Context, s *setUp) (state.Store, error) {
	if s.isLocal() {
		return local.Store{Dir: c.dir}, nil
	}
	place, err := reach(ctx, s)
	if err != nil {
		return nil, diag.Errorf("Cannot reach the state", "%s.", capital(err.Error())).
			Fix("Check the backend block and what it names. After a change of it: erlmcp init -reconfigure.")
	}
	return &remote.Store{Place: place}, nil
}

func reach(ctx context.Context, s *setUp) (remote.Place, error) {
	switch s.Kind {
	case "gcs":
		var c schemas.GCSBackend
		if err := json.Unmarshal(s.Config, &c); err != nil {
			return nil, err
		}
		return gcs.Open(ctx, c)
	case "kubernetes":
		var c schemas.KubernetesBackend
		if err := json.Unmarshal(s.Config, &c); err != nil {
			return nil, err
		}
		return kubernetes.Open(c)
	}
	return nil, fmt.Errorf("there is no backend %q", s.Kind)
}

// declared is the backend block; nil for none, and for one that says "local".
func (c *cli) declared() (*config.Backend, error) {
	if !c.backendRead {
		b, sources, diags := config.ReadBackend(c.dir, os.Environ())
		if diags.HasErrors() {
			c.sources = sources
			return nil, diags.Err()
		}
		c.backend, c.backendRead = b, true
	}
	if c.backend != nil && c.backend.Kind == "local" {
		return nil, nil
	}
	return c.backend, nil
}

// store is where the state of the working folder lies. It is an error when the
// configuration says something else than what init has set up.
func (c *cli) store(ctx context.Context) (state.Store, error) {
	if c.opened != nil {
		return c.opened, nil
	}
	block, err := c.declared()
	if err != nil {
		return nil, err
	}
	set, err := c.readSetUp()
	if err != nil {
		return nil, err
	}
	switch {
	case block == nil && !set.isLocal():
		return nil, diag.Errorf("The backend has changed", "The state was set up to lie in backend %q, and the configuration names none any more.", set.Kind).
			Fix("To bring the state here: erlmcp init -migrate-state. To leave it where it is: erlmcp init -reconfigure.")
	case block != nil && set.isLocal():
		return nil, diag.Errorf("The backend is not set up", "The configuration keeps its state in backend %q.", block.Kind).
			At(block.Range).Fix("Run erlmcp init in this folder.")
	case block != nil && !block.Same(set.Kind, set.Written):
		return nil, diag.Errorf("The backend has changed", "The backend block is not as it was when it was set up.").
			At(block.Range).Fix("To move the state: erlmcp init -migrate-state. To use what lies there now: erlmcp init -reconfigure.")
	}
	c.opened, err = c.open(ctx, set)
	return c.opened, err
}

// holder is this run, as others see it that want the lock.
func holder(operation string) state.Holder {
	host, _ := os.Hostname()
	who := "somebody"
	if u, err := user.Current(); err == nil {
		who = u.Username
	}
	return state.Holder{Operation: operation, Who: who + "@" + host, PID: os.Getpid(), Since: time.Now()}
}

// lock opens the state for writing.
func (c *cli) lock(ctx context.Context, operation string, wait time.Duration) (*state.Session, error) {
	store, err := c.store(ctx)
	if err != nil {
		return nil, err
	}
	session, err := state.Open(ctx, store, holder(operation), wait)
	return session, aboutState(store, "Cannot lock the state", err)
}

// read reads the state without a lock.
func (c *cli) read(ctx context.Context) (*state.View, error) {
	store, err := c.store(ctx)
	if err != nil {
		return nil, err
	}
	recorded, err := state.Read(ctx, store)
	return recorded, aboutState(store, "Cannot read the state", err)
}

// at is the state as an earlier revision left it.
func (c *cli) at(ctx context.Context, now *state.Snapshot, revision int) (*state.Snapshot, error) {
	store, err := c.store(ctx)
	if err != nil {
		return nil, err
	}
	then, err := state.At(ctx, store, now, revision)
	return then, aboutState(store, "Cannot read the state", err)
}

// aboutState tells an error of a store as a diagnostic; the state's own
// diagnostics pass.
func aboutState(s state.Store, summary string, err error) error {
	var d *diag.Diagnostic
	if err == nil || errors.As(err, &d) {
		return err
	}
	d = diag.Errorf(summary, "%s. Nothing was changed.", capital(err.Error()))
	if at, ok := s.(*remote.Store); ok {
		return d.Fix("The state lies in %s: see that it can be reached, and that you may read and write there.", at.Place.Path(""))
	}
	return d.Fix("The state lies in %s: see that you may read and write there, and that there is room.", absolute(local.Folder))
}
