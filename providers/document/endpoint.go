package document

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// Endpoint is where a server can be reached, as attributes of the resource that
// answers. A null attribute is one that the target fills in, or that the server
// lacks.
type Endpoint struct {
	URL        cty.Value // of the MCP endpoint
	Address    cty.Value // an IP address or host name
	Port       cty.Value
	MetricsURL cty.Value
}

// EndpointOf is the endpoint of a document that listens on the given ports
// (null while nobody knows them), on a machine that is reached at the address
// reach when the server listens on all of its own.
func EndpointOf(doc, port, metricsPort cty.Value, reach string) Endpoint {
	address := func(v cty.Value) cty.Value {
		return Derive(cty.String, func(v []cty.Value) cty.Value { return cty.StringVal(reached(v[0].AsString(), reach)) }, v)
	}
	scheme := Derive(cty.String, func(v []cty.Value) cty.Value {
		if v[0].IsNull() {
			return cty.StringVal("http")
		}
		return cty.StringVal("https")
	}, tls(doc))
	e := Endpoint{Address: address(Setting(doc, "listen", "address")), Port: port}
	e.URL = url(scheme, e.Address, port, Setting(doc, "listen", "path"))
	metrics := url(cty.StringVal("http"), address(Setting(doc, "metrics", "address")), metricsPort, Setting(doc, "metrics", "path"))
	e.MetricsURL = Derive(cty.String, func(v []cty.Value) cty.Value {
		if v[0].False() {
			return cty.NullVal(cty.String)
		}
		return v[1]
	}, Setting(doc, "metrics", "enabled"), metrics)
	return e
}

// FixedPort is a port that the document asks for: null when it lets the target
// pick one (0).
func FixedPort(v cty.Value) cty.Value {
	return Derive(cty.Number, func(v []cty.Value) cty.Value {
		if !v[0].IsNull() && Int(v[0]) == 0 {
			return cty.NullVal(cty.Number)
		}
		return v[0]
	}, v)
}

// tls is whether there is a tls block: null, or anything else. What is in it
// does not matter, so neither do its marks and unknowns.
func tls(doc cty.Value) cty.Value {
	block, marks := doc.GetAttr("tls").Unmark()
	switch {
	case !block.IsKnown():
		return cty.UnknownVal(cty.Bool).WithMarks(marks)
	case block.IsNull():
		return cty.NullVal(cty.Bool).WithMarks(marks)
	}
	return cty.True.WithMarks(marks)
}

func url(scheme, address, port, path cty.Value) cty.Value {
	return Derive(cty.String, func(v []cty.Value) cty.Value {
		if v[2].IsNull() {
			return cty.NullVal(cty.String)
		}
		host := net.JoinHostPort(v[1].AsString(), strconv.Itoa(Int(v[2])))
		return cty.StringVal(v[0].AsString() + "://" + host + v[3].AsString())
	}, scheme, address, port, path)
}

func reached(listen, reach string) string {
	if ip, err := netip.ParseAddr(listen); err == nil && ip.IsUnspecified() {
		return reach
	}
	return listen
}

// WithPriorEndpoint is what was read of a resource, with the endpoint that was
// last known when the document from which it follows cannot be read.
func WithPriorEndpoint(read, prior cty.Value) cty.Value {
	if !read.GetAttr("document").IsNull() || prior == cty.NilVal || prior.IsNull() {
		return read
	}
	values := read.AsValueMap()
	for _, name := range []string{"url", "address", "port", "metrics_url"} {
		values[name] = prior.GetAttr(name)
	}
	return cty.ObjectVal(values)
}
