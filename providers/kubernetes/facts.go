package kubernetes

import (
	"net/netip"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// facts are what the manifests need to know of a document.
type facts struct {
	service, pod ports
	path         string // of the MCP endpoint's URL
	health       string // likewise
	metrics      string // likewise
	memory       int64  // bytes
	cpu          int64  // thousandths of a core
	drain        time.Duration
	session      time.Duration // how long a session without requests is kept
}

// ports are those of a server; 0 for one that it lacks.
type ports struct{ front, raw, metrics int64 }

// unprivileged is the first port that a process without capabilities may open.
const unprivileged = 1024

// portSettings are what ports are made of.
func portSettings(doc cty.Value) []cty.Value {
	return []cty.Value{
		document.Setting(doc, "listen", "port"), document.Setting(doc, "listen", "tcp_port"),
		document.Setting(doc, "metrics", "enabled"), document.Setting(doc, "metrics", "port"),
	}
}

// portsOf are the ports of the Service and those of the pod, from portSettings.
// A port that the target is to pick (0) is picked here: in a pod any will do.
func portsOf(v []cty.Value) (service, pod ports) {
	number := func(v cty.Value) int64 {
		if v.IsNull() {
			return 0
		}
		return int64(document.Int(v))
	}
	service = ports{front: number(v[0]), raw: number(v[1])}
	taken := []int64{service.front, service.raw}
	free := func(from int64) int64 {
		for slices.Contains(taken, from) {
			from++
		}
		taken = append(taken, from)
		return from
	}
	if service.front == 0 {
		service.front = free(8080)
	}
	if v[2].True() {
		if service.metrics = number(v[3]); service.metrics == 0 {
			service.metrics = free(9090)
		}
		taken = append(taken, service.metrics)
	}
	inside := func(port int64) int64 {
		if port == 0 || port >= unprivileged {
			return port
		}
		return free(8000 + port)
	}
	return service, ports{inside(service.front), inside(service.raw), inside(service.metrics)}
}

func portValue(port int64) cty.Value {
	if port == 0 {
		return cty.NullVal(cty.Number)
	}
	return cty.NumberIntVal(port)
}

// shipped is the document as it goes into a pod: on every address, since a pod
// has one of its own, and on ports that need no capability.
func shipped(doc cty.Value) cty.Value {
	settings := portSettings(doc)
	port := func(of func(ports) int64) cty.Value {
		return document.Derive(cty.Number, func(v []cty.Value) cty.Value {
			_, pod := portsOf(v)
			return portValue(of(pod))
		}, settings...)
	}
	everywhere := cty.StringVal("0.0.0.0")
	out := document.With(doc, "listen", "address", everywhere)
	out = document.With(out, "listen", "port", port(func(p ports) int64 { return p.front }))
	out = document.With(out, "listen", "tcp_port", port(func(p ports) int64 { return p.raw }))
	out = document.With(out, "metrics", "address", everywhere)
	out = document.With(out, "metrics", "addresses", document.Derive(cty.List(cty.String), func(v []cty.Value) cty.Value {
		var further []cty.Value
		for _, at := range document.Addresses(v[0]) {
			further = append(further, cty.StringVal(netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port()).String()))
		}
		if further == nil {
			return v[0]
		}
		return cty.ListVal(further)
	}, document.Setting(doc, "metrics", "addresses")))
	return document.With(out, "metrics", "port", port(func(p ports) int64 { return p.metrics }))
}

// manifest makes a manifest of what the document says: unknown while any of it
// is, and with the marks of all of it.
func (l *lowering) manifest(of func(facts) fields) cty.Value {
	doc := l.in.Document
	from := append(portSettings(doc),
		document.Setting(doc, "health", "path"), document.Setting(doc, "metrics", "path"),
		document.Setting(doc, "limits", "memory"), document.Setting(doc, "limits", "cpu"),
		document.Setting(doc, "limits", "drain_timeout"), document.Setting(doc, "listen", "path"), document.Setting(doc, "limits", "session_ttl"))
	return document.Derive(cty.DynamicPseudoType, func(v []cty.Value) cty.Value {
		// The vocabulary has refused sizes and durations that do not parse.
		memory, _ := schemas.ParseSize(v[6].AsString())
		session, _ := schemas.ParseDuration(v[10].AsString())
		drain, _ := schemas.ParseDuration(v[8].AsString())
		cpu, _ := v[7].Multiply(cty.NumberIntVal(1000)).AsBigFloat().Int64()
		f := facts{path: v[9].AsString(), health: v[4].AsString(), metrics: v[5].AsString(), memory: int64(memory), cpu: cpu, drain: time.Duration(drain), session: time.Duration(session)}
		f.service, f.pod = portsOf(v[:4])
		return valueOf(of(f))
	}, from...)
}

// has reports whether something is written at the path of the document, known or
// not.
func (l *lowering) has(path ...string) bool {
	v := l.in.Document
	for _, name := range path {
		v, _ = v.Unmark()
		if !v.IsKnown() {
			return true
		}
		if v.IsNull() {
			return false
		}
		v = v.GetAttr(name)
	}
	v, _ = v.Unmark()
	return !v.IsKnown() || !v.IsNull()
}
