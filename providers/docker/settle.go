package docker

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

const (
	settleTimeout = 60 * time.Second
	settlePause   = 100 * time.Millisecond
	outputLimit   = 64 << 10 // bytes of a log or of a command's output
)

// settle waits until the server is well, and notes that it has taken in what
// lies in its volume.
func (w *writer) settle(ctx context.Context, c resource.Change, id string) error {
	if err := w.awaitHealth(ctx, c, id); err != nil {
		return err
	}
	return w.markLoaded(ctx, id)
}

func (w *writer) awaitHealth(ctx context.Context, c resource.Change, id string) error {
	limit := cmp.Or(c.Rollout.HealthTimeout, settleTimeout)
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	pause := time.NewTicker(settlePause)
	defer pause.Stop()
	for told := ""; ; {
		code, output, execErr := w.exec(bounded, id, healthCommand...)
		if execErr == nil && code == 0 {
			return nil
		}
		now, err := w.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		if err != nil {
			return fmt.Errorf("inspect container: %w", err)
		}
		if s := now.Container.State; !s.Running || s.Restarting {
			return w.unwell(ctx, c, now.Container, "it ended")
		}
		why := document.Excerpt(output, c.Desired)
		if execErr != nil {
			why = "it does not answer yet"
		}
		if message := "waiting for health: " + lastLine(why); message != told {
			told = message
			c.Progress(message)
		}
		select {
		case <-pause.C:
		case <-bounded.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return w.unwell(ctx, c, now.Container, "after "+limit.String()+" it still says: "+lastLine(why))
		}
	}
}

// unwell says what became of a server that does not answer, with the end of
// its log.
func (w *writer) unwell(ctx context.Context, c resource.Change, now container.InspectResponse, why string) error {
	s := now.State
	detail := fmt.Sprintf("The container %s is %s, exit code %d; %s.", strings.TrimPrefix(now.Name, "/"), s.Status, s.ExitCode, why)
	if s.OOMKilled {
		detail += " It was killed since it reached its memory limit."
	}
	if log := document.Excerpt(w.log(ctx, now.ID, s.StartedAt), c.Desired); log != "" {
		detail += " Its log ends with:\n" + document.Indent(log)
	}
	d := diag.Errorf("the server does not become healthy", "%s", detail).
		Fix("Correct the configuration and apply again.")
	d.Address = c.Address.String()
	return d
}

// log is the end of what the server wrote since it was last started; nothing when
// it cannot be read.
func (w *writer) log(ctx context.Context, id, since string) []byte {
	r, err := w.api.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: "50", Since: since})
	if err != nil {
		return nil
	}
	defer r.Close()
	var b bytes.Buffer
	_, _ = stdcopy.StdCopy(&b, &b, io.LimitReader(r, outputLimit)) // a cut log is better than none
	return b.Bytes()
}

// exec runs a program in the container and returns its exit code and output.
func (w *writer) exec(ctx context.Context, id string, command ...string) (int, []byte, error) {
	x, err := w.api.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return 0, nil, err
	}
	a, err := w.api.ExecAttach(ctx, x.ID, client.ExecAttachOptions{})
	if err != nil {
		return 0, nil, err
	}
	defer a.Close()
	// The connection does not know of ctx.
	stop := context.AfterFunc(ctx, a.Close)
	defer stop()
	var b bytes.Buffer
	if _, err := stdcopy.StdCopy(&b, &b, io.LimitReader(a.Reader, outputLimit)); err != nil {
		return 0, nil, err
	}
	ended, err := w.api.ExecInspect(ctx, x.ID, client.ExecInspectOptions{})
	if err != nil {
		return 0, nil, err
	}
	if ended.Running {
		return 0, nil, fmt.Errorf("%s does not end", command[0])
	}
	return ended.ExitCode, b.Bytes(), nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// portMessage finds the address in what the engine says of a port in use.
var portMessage = regexp.MustCompile(`(?:Bind for |listen tcp[46]? )(\S+:\d+)`)

// portProblem explains a start that failed since a port is in use; nil when err
// is something else.
func (w *writer) portProblem(ctx context.Context, c resource.Change, err error) *diag.Diagnostic {
	if err == nil || !strings.Contains(err.Error(), "already allocated") && !strings.Contains(err.Error(), "address already in use") {
		return nil
	}
	address := "a port of " + c.Address.Owner()
	host, port := "", ""
	if m := portMessage.FindStringSubmatch(err.Error()); m != nil {
		host, port, _ = cutLast(m[1], ":")
		address = "Port " + port + " on " + host
	}
	who := "another program on the engine's machine"
	if name := w.publisher(ctx, port); name != "" {
		who = "the container " + name
	}
	d := diag.Errorf("port in use", "%s is in use by %s.", address, who).Fix("%s", portRemedy(c, port))
	d.Address = c.Address.String()
	return d
}

// publisher is the name of the running container that has the port, or "".
func (w *writer) publisher(ctx context.Context, port string) string {
	l, err := w.api.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return ""
	}
	for _, c := range l.Items {
		for _, p := range c.Ports {
			if strconv.Itoa(int(p.PublicPort)) == port {
				return displayName(c.Names, c.ID)
			}
		}
	}
	return ""
}
