package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// ports are the listeners of a server.
type ports struct {
	front   net.Listener
	raw     net.Listener // nil without listen.tcp_port
	metrics []scrapable  // none when metrics are off
}

// scrapable is a listener for the metrics, and the address that was asked for.
type scrapable struct {
	net.Listener
	address string
}

// open opens all that the document asks for; bind replaces its addresses unless
// it is empty.
func (p *ports) open(doc *schemas.Server, bind string) (err error) {
	at := func(address string) string {
		if bind != "" {
			return bind
		}
		return address
	}
	address := at(doc.Listen.Address)
	if p.front, err = listen(address, *doc.Listen.Port, "listen.port"); err != nil {
		return err
	}
	if err := backlog(p.front, doc.Listen.Socket); err != nil {
		return err
	}
	if port := doc.Listen.TCPPort; port != nil {
		if p.raw, err = listen(address, *port, "listen.tcp_port"); err != nil {
			return err
		}
		if err := backlog(p.raw, doc.Listen.Socket); err != nil {
			return err
		}
	}
	if *doc.Metrics.Enabled {
		return p.openMetrics(doc.Metrics, at)
	}
	return nil
}

// openMetrics opens the address of the metrics, and the further ones.
func (p *ports) openMetrics(m schemas.Metrics, at func(address string) string) error {
	add := func(address string, port int, attribute string) error {
		l, err := listen(at(address), port, attribute)
		if err == nil {
			p.metrics = append(p.metrics, scrapable{l, address})
		}
		return err
	}
	if err := add(m.Address, *m.Port, "metrics.port"); err != nil {
		return err
	}
	for _, a := range m.Addresses {
		further, err := netip.ParseAddrPort(a)
		if err != nil {
			return fmt.Errorf("metrics.addresses: %w", err)
		}
		if err := add(further.Addr().String(), int(further.Port()), "metrics.addresses"); err != nil {
			return err
		}
	}
	return nil
}

func (p *ports) close() {
	for _, l := range []net.Listener{p.front, p.raw} {
		if l != nil {
			l.Close()
		}
	}
	for _, l := range p.metrics {
		l.Close()
	}
}

func listen(address string, port int, attribute string) (net.Listener, error) {
	at := net.JoinHostPort(address, strconv.Itoa(port))
	l, err := net.Listen("tcp", at)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, diag.Errorf("Port in use", "Another program listens on %s already (%s).", at, attribute).
			Fix("Stop it (\"ss -ltnp 'sport = :%d'\" shows which it is), or set %s to another port; 0 picks a free one.", port, attribute)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, diag.Errorf("Address not available", "This machine has no address %s (%s).", address, attribute).
			Fix("Use an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.")
	case errors.Is(err, syscall.EACCES):
		return nil, diag.Errorf("Port not allowed", "This user may not listen on %s (%s).", at, attribute).
			Fix("Use a port from 1024 up.")
	}
	return nil, fmt.Errorf("listen on %s (%s): %w", at, attribute, err)
}

// URL is the URL of the MCP endpoint, once started. A server that listens on
// every interface is named by its loopback address.
func (rt *Runtime) URL() string {
	doc := rt.current.Load().doc
	scheme := "http"
	if doc.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + reachable(rt.ports.front.Addr()) + doc.Listen.Path
}

// MetricsURL is the URL of the metrics, or "" when they are off.
func (rt *Runtime) MetricsURL() string {
	if len(rt.ports.metrics) == 0 {
		return ""
	}
	return "http://" + reachable(rt.ports.metrics[0].Addr()) + rt.current.Load().doc.Metrics.Path
}

func reachable(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil || !at.Addr().IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(at.Port())))
}
