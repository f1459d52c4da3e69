package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/erlmcp/erlmcp/server/heir"
)

// Succession is what a server that is to take another's place tells that one.
type Succession struct{ wire *heir.Wire }

// NewSuccession begins with a connection from package control.
func NewSuccession(conn *net.UnixConn) *Succession { return &Succession{heir.NewWire(conn)} }

// GiveUp tells the other server why it is not taken over, and so goes on.
func (s *Succession) GiveUp(err error) {
	s.wire.Send(letter{Error: err.Error()}) // the end of the wire says enough, too
	s.wire.Close()
}

// TakeOver is Start in another server's place: it listens on the sockets of that
// one, knows its sessions, and gets its connections as it is done with them.
// opened is called when nothing can fail any more but that itself; after an error
// of it, or any other, the other server goes on.
func (rt *Runtime) TakeOver(s *Succession, opened func() error) error {
	w := s.wire
	err := rt.inherit(w)
	if err == nil {
		err = opened()
	}
	if err != nil {
		rt.ports.close()
		return fmt.Errorf("take over: %w", err)
	}
	p := &predecessor{wire: w, gone: make(chan struct{}), waiting: map[uint64]chan struct{}{}}
	rt.before.Store(p)
	rt.sessions.Missing = p.sync
	rt.serve()
	if err := w.Send(letter{Serving: true}); err != nil {
		rt.log.Warn("the server that was taken over is gone", "error", err)
	}
	go rt.hear(p) // ends with the predecessor
	return nil
}

// inherit opens the ports and takes in what the predecessor knows.
func (rt *Runtime) inherit(w *heir.Wire) error {
	doc := rt.current.Load().doc
	w.Deadline(time.Now().Add(stepTimeout))
	var l letter
	files, err := w.Receive(&l)
	if err != nil {
		return err
	}
	if l.Error != "" {
		return errors.New(l.Error)
	}
	if rt.ports.inherited, err = listenersOf(files); err != nil {
		return err
	}
	err = rt.ports.open(doc, rt.opts.Bind)
	for _, unused := range rt.ports.inherited {
		unused.Close()
	}
	rt.ports.inherited = nil
	if err == nil {
		err = rt.certificates.Start(rt.ctx, rt.ports.front.Addr())
	}
	if err != nil {
		return err
	}
	if err := w.Send(letter{Ready: &ready{Plain: doc.TLS == nil}}); err != nil {
		return err
	}
	return rt.takeIn(w)
}

// takeIn takes in letters until they are complete.
func (rt *Runtime) takeIn(w *heir.Wire) error {
	for {
		w.Deadline(time.Now().Add(stepTimeout))
		var l letter
		if _, err := w.Receive(&l); err != nil {
			return err
		}
		switch {
		case l.Error != "":
			return errors.New(l.Error)
		case l.Feed != nil:
			rt.feed.Restore(l.Feed.State)
			rt.feed.Publish(rt.current.Load().catalog.Print().Since(l.Feed.Print))
		case l.Session != nil:
			rt.sessions.Apply(*l.Session)
		case l.Used != nil:
			rt.current.Load().gate.Apply(*l.Used)
		case l.Complete:
			w.Deadline(time.Time{})
			return nil
		}
	}
}

// hear takes in what the predecessor says until it is gone.
func (rt *Runtime) hear(p *predecessor) {
	defer func() {
		rt.before.Store(nil)
		close(p.gone)
		p.wire.Close()
		rt.log.Info("the server that was taken over has ended")
	}()
	for {
		var l letter
		files, err := p.wire.Receive(&l)
		if err != nil {
			return
		}
		switch {
		case l.Session != nil:
			rt.sessions.Apply(*l.Session)
		case l.Used != nil:
			rt.current.Load().gate.Apply(*l.Used)
		case l.Synced != 0:
			p.synced(l.Synced)
		case l.Conn != nil && len(files) == 1:
			conn, err := net.FileConn(files[0])
			if err != nil {
				rt.log.Warn("a connection could not be taken over", "error", err)
				break
			}
			rt.front.Adopt(conn, *l.Conn)
		}
		for _, f := range files {
			f.Close()
		}
	}
}

// listenersOf makes listeners of descriptors, which it closes.
func listenersOf(files []*os.File) (out []net.Listener, err error) {
	for _, f := range files {
		l, failed := net.FileListener(f)
		f.Close()
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("take over a port: %w", failed))
			continue
		}
		out = append(out, l)
	}
	if err != nil {
		for _, l := range out {
			l.Close()
		}
	}
	return out, err
}

// take takes an inherited listener of that address, or of that IP address when
// any port will do.
func (p *ports) take(ip string, port int) net.Listener {
	want := net.ParseIP(ip)
	for i, l := range p.inherited {
		at, ok := l.Addr().(*net.TCPAddr)
		same := ok && (at.IP.Equal(want) || want.IsUnspecified() && at.IP.IsUnspecified())
		if same && (port == 0 || at.Port == port) {
			p.inherited = append(p.inherited[:i:i], p.inherited[i+1:]...)
			return l
		}
	}
	return nil
}
