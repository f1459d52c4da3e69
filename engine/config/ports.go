package config

import (
	"net/netip"
	"strconv"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/schemas"
)

// socket is a port that servers of a target open, whatever the address.
type socket struct {
	target address.Target
	port   int64
}

// listener is who opens a socket, and where.
type listener struct {
	port    int64
	address netip.Addr
	place   *place
	what    string // "listen.port"
}

// doors are the listeners of one socket.
type doors struct {
	first     *listener
	byAddress map[netip.Addr]*listener
	wildcard  *listener
	reported  map[*server]bool
}

// checkPorts finds servers that cannot run on the same target because both want
// the same port. Ports that a target picks (0) and those not known yet are left
// out, and so is the metrics port when it is not written: it is the same for all
// servers, and what to do about that is the target's to say. Which servers run in
// place is not known here.
func (c *Configuration) checkPorts() diag.List {
	if c.opts.InPlace {
		return nil
	}
	var diags diag.List
	sockets := map[socket]*doors{}
	for i := range c.instances {
		p := c.places[c.instances[i].Ref]
		t := c.targetBlocks[p.target.Kind+"."+p.target.Name]
		if !t.schema.SharedPorts {
			continue
		}
		for _, l := range listeners(p) {
			at := socket{p.target, l.port}
			if sockets[at] == nil {
				sockets[at] = &doors{byAddress: map[netip.Addr]*listener{}, reported: map[*server]bool{}}
			}
			if other := sockets[at].open(&l); other != nil && !sockets[at].reported[p.server] {
				sockets[at].reported[p.server] = true
				diags = append(diags, collision(at, other, &l))
			}
		}
	}
	return diags
}

// open adds a listener, and returns one that is in its way.
func (d *doors) open(l *listener) *listener {
	other := d.byAddress[l.address]
	switch {
	case other != nil:
	case d.wildcard != nil:
		other = d.wildcard
	case l.address.IsUnspecified():
		other = d.first
	}
	if d.first == nil {
		d.first = l
	}
	if l.address.IsUnspecified() {
		d.wildcard = l
	}
	d.byAddress[l.address] = l
	return other
}

// listeners are the fixed ports that an instance opens.
func listeners(p *place) []listener {
	listen, metrics := p.first.Document.GetAttr("listen"), p.first.Document.GetAttr("metrics")
	var out []listener
	add := func(block cty.Value, attr, what string, b *schemas.Block) {
		port, known := number(block.GetAttr(attr), b.Attribute(attr).Default)
		host := b.Attribute("address").Default
		if v := block.GetAttr("address"); !v.IsNull() {
			host, _ = text(v)
		}
		if addr, err := netip.ParseAddr(host); err == nil && known && port > 0 {
			out = append(out, listener{port, addr, p, what})
		}
	}
	add(listen, "port", "listen.port", schemas.Describe[schemas.Listen]())
	add(listen, "tcp_port", "listen.tcp_port", schemas.Describe[schemas.Listen]())
	if on, _ := metrics.GetAttr("enabled").Unmark(); (on.IsNull() || isTrue(on)) && !metrics.GetAttr("port").IsNull() {
		add(metrics, "port", "metrics.port", schemas.Describe[schemas.Metrics]())
	}
	if further, _ := metrics.GetAttr("addresses").UnmarkDeep(); !further.IsNull() && further.IsWhollyKnown() {
		for _, v := range further.AsValueSlice() {
			if at, err := netip.ParseAddrPort(v.AsString()); err == nil {
				out = append(out, listener{int64(at.Port()), at.Addr(), p, "metrics.addresses"})
			}
		}
	}
	return out
}

// number is a known number, or the default in place of null.
func number(v cty.Value, otherwise string) (int64, bool) {
	plain, _ := v.Unmark()
	if plain.IsNull() {
		n, err := strconv.ParseInt(otherwise, 10, 64)
		return n, err == nil
	}
	if !plain.IsKnown() {
		return 0, false
	}
	n, _ := plain.AsBigFloat().Int64()
	return n, true
}

func collision(at socket, first, second *listener) *diag.Diagnostic {
	here := second.place.server.at
	if first.place.instance == second.place.instance {
		return diag.Errorf("A port is used twice", "%s opens port %d twice: %s and %s.", second.place.address, at.port, first.what, second.what).
			At(diag.FromRange(&here)).Fix("Give each a port of its own.")
	}
	what := first.what
	if second.what != what {
		what += " and " + second.what
	}
	d := diag.Errorf("A port is used twice", "%s and %s both open port %d on %s (%s).",
		first.place.address, second.place.address, at.port, at.target, what).At(diag.FromRange(&here))
	if first.place.server == second.place.server && second.place.address.Key != (address.Key{}) {
		return d.Fix("Give each instance a port of its own, such as port = 8080 + count.index, or port = 0 to let the target pick one.")
	}
	return d.Fix("Give one of them another port, or port = 0 to let the target pick one.")
}
