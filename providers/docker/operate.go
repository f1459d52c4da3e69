package docker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/engine/resource"
)

var _ resource.Operable = (*Provider)(nil)

// OpenOperator looks after the servers of the target.
func (p *Provider) OpenOperator(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Operator, error) {
	e, err := p.connect(ctx, t, owner)
	if err != nil {
		return nil, err
	}
	return &operator{e}, nil
}

type operator struct{ *engine }

// Units is the container of a server.
func (o *operator) Units(ctx context.Context, k resource.Key) ([]resource.Unit, error) {
	at, ok, err := o.find(ctx, ContainerType, k.Address)
	if err != nil || !ok {
		return nil, err
	}
	i, err := o.api.ContainerInspect(ctx, at.id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("inspect container: %w", err)
	}
	c := i.Container
	u := resource.Unit{Name: at.name, State: string(c.State.Status), Running: runs(c.State), Restarts: c.RestartCount}
	u.Ready = u.Running && c.State.Health != nil && c.State.Health.Status == "healthy"
	if since, err := time.Parse(time.RFC3339Nano, c.State.StartedAt); err == nil && c.State.Running {
		u.Since = since
	}
	switch {
	case c.State.Running:
	case c.State.OOMKilled:
		u.Last = "killed at its memory limit"
	default:
		u.Last = "exit code " + strconv.Itoa(c.State.ExitCode)
	}
	return []resource.Unit{u}, nil
}

// Logs writes what the container has written.
func (o *operator) Logs(ctx context.Context, k resource.Key, _ string, what resource.LogRequest, out io.Writer) error {
	at, err := o.container(ctx, k)
	if err != nil {
		return err
	}
	tail := "all"
	if what.Tail >= 0 {
		tail = strconv.Itoa(what.Tail)
	}
	r, err := o.api.ContainerLogs(ctx, at.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: tail, Follow: what.Follow})
	if err != nil {
		return fmt.Errorf("read the log of container %s: %w", at.name, err)
	}
	defer r.Close()
	if _, err := stdcopy.StdCopy(out, out, r); err != nil && ctx.Err() == nil {
		return fmt.Errorf("read the log of container %s: %w", at.name, err)
	}
	return nil
}

// Ask runs erlmcpd in the container. To stop it is the engine's to do, which would
// start again what ends on its own.
func (o *operator) Ask(ctx context.Context, k resource.Key, _ string, question []string, out io.Writer) error {
	at, err := o.container(ctx, k)
	if err != nil {
		return err
	}
	if question[0] == "stop" {
		if _, err := o.api.ContainerStop(ctx, at.id, client.ContainerStopOptions{}); err != nil {
			return fmt.Errorf("stop container %s: %w", at.name, err)
		}
		return nil
	}
	command := append([]string{programPath, question[0], "-control", controlPath}, question[1:]...)
	x, err := o.api.ExecCreate(ctx, at.id, client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return fmt.Errorf("ask the server in container %s: %w", at.name, err)
	}
	a, err := o.api.ExecAttach(ctx, x.ID, client.ExecAttachOptions{})
	if err != nil {
		return fmt.Errorf("ask the server in container %s: %w", at.name, err)
	}
	defer a.Close()
	stop := context.AfterFunc(ctx, a.Close) // the connection does not know of ctx
	defer stop()
	var errs bytes.Buffer
	if _, err := stdcopy.StdCopy(out, &errs, a.Reader); err != nil {
		return fmt.Errorf("ask the server in container %s: %w", at.name, err)
	}
	ended, err := o.api.ExecInspect(ctx, x.ID, client.ExecInspectOptions{})
	switch {
	case err != nil:
		return fmt.Errorf("ask the server in container %s: %w", at.name, err)
	case ended.ExitCode != 0:
		return resource.Refusal(errs.Bytes())
	}
	return nil
}

// container is the one of a server that is there.
func (o *operator) container(ctx context.Context, k resource.Key) (found, error) {
	at, ok, err := o.find(ctx, ContainerType, k.Address)
	if err == nil && !ok {
		err = fmt.Errorf("there is no container of %s", k.Address.Server)
	}
	return at, err
}
