package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/heir"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/transport"
)

// HandOver hands the server over to the successor at the other end of the
// connection, and returns when that has come to nothing or this server has
// stopped.
func (c controls) HandOver(conn *net.UnixConn) {
	rt, w := c.rt, heir.NewWire(conn)
	defer w.Close()
	patience := time.NewTimer(handingPatience)
	defer patience.Stop()
	select {
	case rt.handing <- struct{}{}:
		defer func() { <-rt.handing }()
	case <-patience.C:
		w.Send(letter{Error: "another successor is at work"})
		return
	}
	if state := rt.phase.Load(); state != "running" {
		w.Send(letter{Error: fmt.Sprintf("the server cannot be taken over, as it is %s", state)})
		return
	}
	err := rt.handOver(w)
	rt.outcome(err)
	if err != nil {
		rt.log.Error("the upgrade has failed, and this server goes on", "error", err)
		return
	}
	rt.log.Info("a successor serves; ending what is in progress")
	go rt.serveSuccessor(w) // ends with the wire
	rt.Stop()               // says in the log what it cut off
}

// handOver hands over what a successor needs before it serves. With an error
// nothing has changed.
func (rt *Runtime) handOver(w *heir.Wire) error {
	addresses, listeners := rt.ports.all()
	w.Deadline(time.Now().Add(readyTimeout))
	if err := w.Send(letter{Ports: addresses}, listeners...); err != nil {
		return lastWords(w, err)
	}
	var l letter
	if err := receive(w, &l); err != nil {
		return err
	}
	if l.Ready == nil {
		return errors.New("the successor does not say that it is ready")
	}
	rt.front.Pause()
	err := rt.tell(w)
	if err != nil {
		err = lastWords(w, err)
	} else {
		err = rt.awaitServing(w)
	}
	if err != nil {
		rt.sessions.Copy(nil)
		rt.current.Load().gate.Copy(nil)
		rt.front.Resume()
		return err
	}
	if l.Ready.Plain {
		rt.after.Store(w)
	}
	return nil
}

// receive waits for the next letter, which may say why it comes to nothing.
func receive(w *heir.Wire, l *letter) error {
	*l = letter{}
	files, err := w.Receive(l)
	for _, f := range files {
		f.Close()
	}
	if err != nil {
		return fmt.Errorf("the successor has ended: %w", err)
	}
	if l.Error != "" {
		return errors.New(l.Error)
	}
	return nil
}

// lastWords is why a successor gave up to which nothing can be sent any more: what
// it has said of it, or else unsent.
func lastWords(w *heir.Wire, unsent error) error {
	for {
		var l letter
		switch err := receive(w, &l); {
		case l.Error != "":
			return err
		case err != nil:
			return unsent
		}
	}
}

// tell tells of what clients know, and of what is remembered of them.
func (rt *Runtime) tell(w *heir.Wire) error {
	if err := w.Send(letter{Feed: &feeds{rt.feed.State(), rt.current.Load().catalog.Print()}}); err != nil {
		return err
	}
	rt.sessions.Copy(func(c session.Change) { w.Send(letter{Session: &c}) }) // a wire that fails is seen below
	rt.current.Load().gate.Copy(func(u auth.Used) { w.Send(letter{Used: &u}) })
	return w.Send(letter{Complete: true})
}

func (rt *Runtime) awaitServing(w *heir.Wire) error {
	w.Deadline(time.Now().Add(stepTimeout))
	for {
		var l letter
		if err := receive(w, &l); err != nil {
			return err
		}
		if l.Serving {
			w.Deadline(time.Time{})
			return nil
		}
	}
}

// serveSuccessor answers what the successor asks, until the wire ends.
func (rt *Runtime) serveSuccessor(w *heir.Wire) {
	for {
		var l letter
		if receive(w, &l) != nil {
			return
		}
		switch {
		case l.Sync != 0:
			w.Send(letter{Synced: l.Sync})
		case l.Message != nil:
			rt.takeForwarded(l.Message)
		}
	}
}

// takeForwarded takes in what a client has said of a call of this server.
func (rt *Runtime) takeForwarded(f *forwarded) {
	s := rt.sessions.Get(f.Session)
	m, err := protocol.Decode(f.Data, rt.current.Load().depth)
	switch {
	case s == nil || err != nil:
	case m.Kind == protocol.Response:
		s.Answer(m.ID, session.Reply{Result: m.Result, Error: m.Error})
	case m.Method == protocol.Cancelled:
		s.Cancel(m.Params.Get("requestId"))
	}
}

// depart takes no new work and waits for what is in progress. Connections go to
// the successor, if there is one.
func (rt *Runtime) depart(ctx context.Context) error {
	w := rt.after.Load()
	if w == nil {
		return rt.front.Drain(ctx)
	}
	return rt.front.PassOn(ctx, func(conn *net.TCPConn, p transport.Passed) error {
		return w.Send(letter{Conn: &p}, conn)
	})
}

// all are the listeners that are open, and their addresses.
func (p *ports) all() (addresses []string, listeners []syscall.Conn) {
	for _, l := range p.list() {
		if conn, ok := l.(syscall.Conn); ok {
			addresses, listeners = append(addresses, l.Addr().String()), append(listeners, conn)
		}
	}
	return addresses, listeners
}

// outcome tells whoever has asked for an upgrade what came of it.
func (rt *Runtime) outcome(err error) {
	if asked := rt.upgrade.Load(); asked != nil {
		select {
		case *asked <- err:
		default: // it knows already
		}
	}
}

// Upgrade has a successor started, and returns when that serves. With an error
// this server goes on as before.
func (c controls) Upgrade(ctx context.Context) error {
	rt := c.rt
	if rt.opts.Succeed == nil {
		return errors.New("this server cannot start a successor")
	}
	outcome := make(chan error, 1)
	if !rt.upgrade.CompareAndSwap(nil, &outcome) {
		return errors.New("an upgrade is under way already")
	}
	defer rt.upgrade.Store(nil)
	ended, err := rt.opts.Succeed()
	if err != nil {
		return fmt.Errorf("start a successor: %w", err)
	}
	select {
	case err := <-outcome:
		return err
	case err = <-ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	select { // it has ended, and may have said why
	case said := <-outcome:
		return said
	case <-time.After(time.Second):
		return fmt.Errorf("the successor has ended: %w", err)
	}
}
