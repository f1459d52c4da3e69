package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/server/control"
)

// operating are the flags of the commands that look after servers.
type operating struct {
	*cli
	in     inputs
	socket string
	unit   string
}

// runs is a server on a target, and who looks after it there.
type runs struct {
	name     string // "server.weather@docker.local"
	key      resource.Key
	operator resource.Operator
}

// one calls do with the server that the user means; which it is must be clear.
func (o *operating) one(ctx context.Context, args []string, do func(*runs) error) error {
	if o.socket != "" {
		return o.each(ctx, args, do)
	}
	found, view, err := o.choose(ctx, args)
	if err != nil {
		return err
	}
	if len(found) > 1 {
		var names []string
		for _, r := range found {
			names = append(names, r.Address.Owner())
		}
		return diag.Errorf("Which server?", "There are %s.", strings.Join(names, ", ")).Fix("Name one of them.")
	}
	return o.open(ctx, found, view, do)
}

// each calls do with every server that the user means: all, when none is named.
func (o *operating) each(ctx context.Context, args []string, do func(*runs) error) error {
	if o.socket != "" {
		if len(args) > 0 {
			return diag.Errorf("Which server?", "A control socket is named as well as the server %s.", args[0]).Fix("Leave one of them out.")
		}
		return do(&runs{name: o.socket, operator: socketOperator(o.socket)})
	}
	found, view, err := o.choose(ctx, args)
	if err != nil {
		return err
	}
	return o.open(ctx, found, view, do)
}

// choose finds the endpoints of the servers that the user means in the state.
func (o *operating) choose(ctx context.Context, args []string) ([]*state.Resource, *state.View, error) {
	view, err := o.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	var found []*state.Resource
	var names, servers []string
	for _, a := range view.Snapshot.Addresses() {
		r := view.Snapshot.Resources[a]
		if !r.Endpoint || a.Shared() {
			continue
		}
		names, servers = append(names, a.Owner()), append(servers, a.Server.String())
		if len(args) == 0 || address.Covers(serverName(args[0]), a) {
			found = append(found, r)
		}
	}
	switch {
	case len(names) == 0:
		return nil, nil, diag.Errorf("No server runs", "Nothing was applied from here.").
			Fix("Run erlmcp apply, or name a control socket with -control.")
	case len(found) == 0:
		d := diag.Errorf("No such server", "What was applied has no server %s; it has %s.", args[0], strings.Join(names, ", "))
		if near := diag.Suggest(serverName(args[0]), servers); near != "" {
			d.Fix("Did you mean %s?", strings.TrimPrefix(near, "server."))
		}
		return nil, nil, d
	}
	return found, view, nil
}

// open calls do with each of them. A target is as the configuration has it, or as
// it was last applied when the configuration does not load or has it no more.
func (o *operating) open(ctx context.Context, found []*state.Resource, view *state.View, do func(*runs) error) error {
	targets := map[address.Target]resource.Target{}
	for t := range view.Snapshot.Targets {
		targets[t] = resource.Target{Address: t, Config: view.Snapshot.TargetConfig(t)}
	}
	if conf, err := o.load(o.in); err == nil {
		for _, t := range conf.Targets() {
			targets[t.Address] = t
		}
	}
	kinds := providers()
	operators := map[address.Target]resource.Operator{}
	defer func() {
		for _, op := range operators {
			op.Close()
		}
	}()
	for _, r := range found {
		t := r.Address.Target
		if operators[t] == nil {
			provider, ok := kinds[t.Kind].(resource.Operable)
			if !ok {
				return diag.Errorf("Nothing runs there", "Servers on targets of the kind %s cannot be looked after.", t.Kind)
			}
			op, err := provider.OpenOperator(ctx, targets[t], resource.Owner{Lineage: view.Snapshot.Lineage})
			if err != nil {
				return err
			}
			operators[t] = op
		}
		key := resource.Key{Address: r.Address, Type: r.Type, Prior: r.Object.Values}
		if err := do(&runs{name: r.Address.Owner(), key: key, operator: operators[t]}); err != nil {
			return err
		}
	}
	return nil
}

// units are those of a server that can be asked, and that the user means.
func (o *operating) units(ctx context.Context, r *runs) ([]resource.Unit, error) {
	all, err := r.operator.Units(ctx, r.key)
	if err != nil {
		return nil, err
	}
	running := slices.DeleteFunc(slices.Clone(all), func(u resource.Unit) bool { return !u.Running })
	if len(running) == 0 {
		return nil, diag.Errorf("The server does not run", "Nothing of %s runs that could be asked.", r.name).
			Fix("See erlmcp server status, and erlmcp server logs.")
	}
	return o.chosen(r, running)
}

// chosen are those of units that the user means.
func (o *operating) chosen(r *runs, units []resource.Unit) ([]resource.Unit, error) {
	if o.unit == "" {
		return units, nil
	}
	var names []string
	for _, u := range units {
		if u.Name == o.unit {
			return []resource.Unit{u}, nil
		}
		names = append(names, u.Name)
	}
	return nil, diag.Errorf("No such unit", "%s has no %s; it has %s.", r.name, o.unit, strings.Join(names, ", "))
}

// socketOperator looks after the server behind a control socket on this machine.
type socketOperator string

func (s socketOperator) Units(ctx context.Context, _ resource.Key) ([]resource.Unit, error) {
	c, err := control.Dial(string(s))
	if err != nil {
		return nil, diag.Errorf("No server answers", "%s.", diag.Capital(err.Error())).Fix("Name the socket that erlmcpd was given with -control.")
	}
	defer c.Close()
	status, err := c.Status(ctx)
	if err != nil {
		return nil, err
	}
	healthy, _, err := c.Health(ctx)
	return []resource.Unit{{Name: filepath.Base(string(s)), State: status.State, Running: true, Ready: healthy, Since: status.Started}}, err
}

func (s socketOperator) Ask(ctx context.Context, _ resource.Key, _ string, question []string, out io.Writer) error {
	if err := control.Ask(ctx, string(s), question, out); err != nil {
		return resource.Refusal([]byte(err.Error()))
	}
	return nil
}

func (s socketOperator) Logs(context.Context, resource.Key, string, resource.LogRequest, io.Writer) error {
	return diag.Errorf("Where its log is, is not known", "A control socket does not tell what a server logs.").
		Fix("Look where its standard error goes.")
}

func (s socketOperator) Close() error { return nil }

// shared is a stream that several logs are written to, line by line.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

// prefixed returns a writer whose lines bear a prefix.
func (s *shared) prefixed(prefix string) io.Writer { return &lines{to: s, prefix: prefix} }

type lines struct {
	to     *shared
	prefix string
	rest   []byte // of a line without an end yet
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	end := bytes.LastIndexByte(l.rest, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	var b bytes.Buffer
	for line := range bytes.Lines(l.rest[:end]) {
		b.WriteString(l.prefix)
		b.Write(line)
	}
	l.rest = append(l.rest[:0], l.rest[end:]...)
	l.to.mu.Lock()
	defer l.to.mu.Unlock()
	_, err := l.to.w.Write(b.Bytes())
	return len(p), err
}
