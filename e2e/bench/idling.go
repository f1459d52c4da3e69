package main

// idleSessions measures sessions of the older era that nobody uses, and how long
// it takes to wake one.
func (b *bench) idleSessions() error {
	b.head("Idle sessions of %s", older.name)
	e, err := b.program.start("erlmcp", document(nil))
	if err != nil {
		return err
	}
	defer e.stop()
	each, first, err := idleSessions(&e.peer, b.sessions)
	if err != nil {
		return err
	}
	usual, worst, err := wake(&e.peer, first)
	if err != nil {
		return err
	}
	b.line("erlmcp: %.0f bytes for each of %d, %.1f MB above the start", each, b.sessions, each*float64(b.sessions)/1e6)
	b.line("erlmcp: waking one takes %.2f ms, %.2f ms at worst", usual.Seconds()*1e3, worst.Seconds()*1e3)
	b.most("50,000 idle sessions", each*50_000/1e6, 60, " MB")
	b.most("waking a session, at worst", worst.Seconds()*1e3, 5, " ms")
	for _, kind := range []struct{ name, kind string }{{"mcp-go", "mcpgo"}, {"Go SDK", "gosdk"}} {
		p, err := startPeer(kind.name, kind.kind)
		if err != nil {
			return err
		}
		each, _, err := idleSessions(p, b.peers)
		p.stop()
		if err != nil {
			return err
		}
		b.line("%s: %.0f bytes for each of %d", kind.name, each, b.peers)
	}
	return nil
}

// idleConnections measures connections that are kept open, and looks whether all
// is given back when they and their sessions are gone.
func (b *bench) idleConnections() error {
	b.head("Idle connections, each after one call")
	for _, c := range []struct {
		name string
		way  way
		most float64
		bare string
	}{
		{"HTTP", way{era: older}, 20, "bare"},
		{"raw TCP", way{era: older, lines: true}, 10, "lines"},
	} {
		e, err := b.program.start("erlmcp", document(nil))
		if err != nil {
			return err
		}
		err = b.hold(e, c.name, c.way, c.most)
		e.stop()
		if err != nil {
			return err
		}
		bare, err := startPeer("bare", c.bare)
		if err != nil {
			return err
		}
		each, open, err := idleConnections(bare, b.peers, c.way)
		dropAll(open)
		bare.stop()
		if err != nil {
			return err
		}
		b.line("%s, bare server: %.1f KB for each of %d", c.name, each/1024, b.peers)
	}
	return nil
}

// hold measures connections of a kind, then has sessions beside them, and sees
// all of it end.
func (b *bench) hold(e *erlmcpd, name string, w way, most float64) error {
	before, err := e.holdings()
	if err != nil {
		return err
	}
	each, open, err := idleConnections(&e.peer, b.connections, w)
	if err != nil {
		return err
	}
	b.line("%s, erlmcp: %.1f KB for each of %d", name, each/1024, b.connections)
	b.most("an idle connection over "+name, each/1024, most, " KB")
	if _, err := openSessions(&e.peer, b.sessions); err != nil {
		return err
	}
	for _, c := range open[:len(open)/10] {
		if err := c.call(); err != nil {
			return err
		}
	}
	dropAll(open)
	after, ok, err := e.backTo(before)
	if err != nil {
		return err
	}
	b.line("%s, after %d connections and %d sessions: goroutines %.0f → %.0f, descriptors %.0f → %.0f, connections %.0f",
		name, b.connections, b.sessions, before.goroutines, after.goroutines, before.descriptors, after.descriptors, after.connections)
	b.targets = append(b.targets, target{"nothing leaks, " + name, "as at the start", map[bool]string{true: "so", false: "more"}[ok], ok})
	return nil
}
