package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
)

// http compares tools/call over HTTP, in both eras.
func (b *bench) http() error {
	for _, e := range []era{older, modern} {
		w, sdk := way{era: e, sessions: e == older}, "gosdk"
		if e == modern {
			sdk = "gosdk-stateless"
		}
		list, err := b.contest(w, []starter{b.peer("net/http + encoding/json", "bare"), b.runtime("erlmcp", nil), b.peer("mcp-go", "mcpgo"), b.peer("Go SDK", sdk)})
		if err != nil {
			return err
		}
		b.head("tools/call over HTTP, %s, %d clients", e.name, crowd)
		b.standings(list)
		ceiling, own, mcpgo, official := list[0], list[1], list[2], list[3]
		b.peaks[e.name] = own.perSecond
		b.least("HTTP "+e.name+", of the net/http ceiling", own.perSecond/ceiling.perSecond, 0.9)
		b.least("HTTP "+e.name+", times the Go SDK", own.perSecond/official.perSecond, 5)
		b.least("HTTP "+e.name+", times mcp-go", own.perSecond/mcpgo.perSecond, 1.4)
		b.most("HTTP "+e.name+", allocated for a call", own.allocated, 6, " KB")
	}
	return nil
}

// tcp compares tools/call over raw TCP.
func (b *bench) tcp() error {
	for _, e := range []era{older, modern} {
		list, err := b.contest(way{era: e, lines: true}, []starter{b.peer("newline JSON echo", "lines"), b.runtime("erlmcp", nil)})
		if err != nil {
			return err
		}
		b.head("tools/call over raw TCP, %s, %d clients", e.name, crowd)
		b.standings(list)
		b.least("raw TCP "+e.name+", of a bare newline JSON echo", list[1].speed, 0.8)
		b.most("raw TCP "+e.name+", allocated for a call", list[1].allocated, 6, " KB")
	}
	return nil
}

// latency compares the slowest hundredth at half of the peak load.
func (b *bench) latency() error {
	b.head("p99 at half of the peak load")
	for _, e := range []era{older, modern} {
		ceiling, err := b.peer("net/http", "bare").enter(way{era: e})
		if err != nil {
			return err
		}
		own, err := b.runtime("erlmcp", nil).enter(way{era: e, sessions: e == older})
		if err != nil {
			return err
		}
		if b.peaks[e.name] == 0 {
			f, err := own.round(b.length)
			if err != nil {
				return err
			}
			b.peaks[e.name] = f.perSecond
		}
		l, err := tails(own, ceiling, b.peaks[e.name]/2, b.tails, b.tail)
		if err != nil {
			return err
		}
		end(own, ceiling)
		b.line("%s, %.0f calls/s: erlmcp %.2f ms, net/http %.2f ms, ratio %.2f", e.name, b.peaks[e.name]/2, l.first, l.second, l.ratio)
		b.most("p99 at half load, "+e.name+", of the ceiling's", l.ratio, 1.5, "")
	}
	return nil
}

// features measures what each part of the front door costs.
func (b *bench) features() error {
	b.head("What it costs, over HTTP, %s", modern.name)
	pair, err := selfSigned()
	if err != nil {
		return err
	}
	const token = "a token that is long enough to be one"
	sum := sha256.Sum256([]byte(token))
	bearer := map[string]any{"auth": map[string]any{"bearer": map[string]any{"bench": map[string]any{"sha256": hex.EncodeToString(sum[:])}}}}
	receipts := map[string]any{"receipts": map[string]any{
		"folder": filepath.Join(b.program.folder, "receipts"), "key_file": filepath.Join(b.program.folder, "receipts.key"),
	}}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	defer collector.Close()
	traced := func(ratio float64) map[string]any {
		return map[string]any{"tracing": map[string]any{"endpoint": collector.URL, "protocol": "http", "sample_ratio": ratio}}
	}
	plain := way{era: modern}
	list, err := b.contest(plain, []starter{
		b.runtime("plain", nil),
		b.runtime("with TLS", map[string]any{"tls": pair}).by(way{era: modern, secure: &tls.Config{InsecureSkipVerify: true}}),
		b.runtime("with bearer auth", bearer).by(way{era: modern, headers: "Authorization: Bearer " + token + "\r\n"}),
		b.runtime("with receipts", receipts),
		b.runtime("with tracing of all", traced(1)),
		b.runtime("with tracing of 1 in 100", traced(0.01)),
	})
	if err != nil {
		return err
	}
	b.standings(list)
	for _, s := range list[1:] {
		b.line("%s: %+.1f µs of processor time for a call", s.name, s.cpu-list[0].cpu)
	}
	return nil
}

// starter starts a server and its clients.
type starter struct {
	start func() (*peer, error)
	way   *way // nil for that of the contest
}

// by has the clients reach the server in another way.
func (s starter) by(w way) starter { s.way = &w; return s }

func (b *bench) peer(name, kind string) starter {
	return starter{start: func() (*peer, error) { return startPeer(name, kind) }}
}

func (b *bench) runtime(name string, more map[string]any) starter {
	return starter{start: func() (*peer, error) {
		e, err := b.program.start(name, document(more))
		if err != nil {
			return nil, err
		}
		return &e.peer, nil
	}}
}

func (s starter) enter(w way) (*contestant, error) {
	p, err := s.start()
	if err != nil {
		return nil, err
	}
	if s.way != nil {
		w = *s.way
	}
	c, err := enter(p, w)
	if err != nil {
		p.stop()
	}
	return c, err
}

// contest starts the servers, compares them, and ends them.
func (b *bench) contest(w way, servers []starter) ([]standing, error) {
	var list []*contestant
	defer func() { end(list...) }()
	for _, s := range servers {
		c, err := s.enter(w)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return compare(list, b.rounds, b.length)
}

func end(list ...*contestant) {
	for _, c := range list {
		c.leave()
		c.stop()
	}
}
