package server_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/erlmcp/erlmcp/internal/reserve"
)

// collector receives OTLP, over gRPC and over HTTP.
type collector struct {
	t      *testing.T
	at     string // the address
	server *httptest.Server

	mu      sync.Mutex
	fail    int // how many exports are answered with a fault that passes
	spans   []*span
	metrics map[string]*metricspb.Metric
	about   map[string]string // the resource of the last export
	headers http.Header       // of the last export
	arrived chan struct{}     // closed and made anew when something arrives
}

// span is one that has arrived, with its attributes as texts.
type span struct {
	*tracepb.Span
	attributes map[string]string
}

func newCollector(t *testing.T) *collector {
	c := &collector{t: t, metrics: map[string]*metricspb.Metric{}, arrived: make(chan struct{})}
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	c.at = fmt.Sprintf("127.0.0.1:%d", port)
	c.listen()
	return c
}

// listen serves until the test ends or the collector is killed.
func (c *collector) listen() {
	c.t.Helper()
	l, err := net.Listen("tcp", c.at)
	if err != nil {
		c.t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(c)
	s.Listener.Close()
	s.Listener = l
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	c.server = s
	c.t.Cleanup(s.Close)
}

func (c *collector) kill() {
	c.server.CloseClientConnections()
	c.server.Close()
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	grpc := r.Header.Get("Content-Type") == "application/grpc"
	if grpc {
		if r.ProtoMajor != 2 || len(body) < 5 || body[0] != 0 || int(binary.BigEndian.Uint32(body[1:5])) != len(body)-5 {
			c.t.Errorf("no message of gRPC: %s, %d bytes", r.Proto, len(body))
			return
		}
		body = body[5:]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	status := "0"
	if c.fail > 0 {
		c.fail--
		status = "14"
	} else {
		c.take(r, body)
	}
	if !grpc {
		w.Header().Set("Content-Type", "application/x-protobuf")
		if status != "0" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	w.Write([]byte{0, 0, 0, 0, 0})
	w.Header().Set("Grpc-Status", status)
}

// take keeps what was exported. The caller holds the lock.
func (c *collector) take(r *http.Request, body []byte) {
	c.headers = r.Header.Clone()
	switch r.URL.Path {
	case "/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export":
		var m tracepb.TracesData
		if err := proto.Unmarshal(body, &m); err != nil {
			c.t.Error(err)
		}
		for _, rs := range m.ResourceSpans {
			c.about = attributes(rs.Resource.Attributes)
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					c.spans = append(c.spans, &span{s, attributes(s.Attributes)})
				}
			}
		}
	case "/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export":
		var m metricspb.MetricsData
		if err := proto.Unmarshal(body, &m); err != nil {
			c.t.Error(err)
		}
		for _, rm := range m.ResourceMetrics {
			c.about = attributes(rm.Resource.Attributes)
			for _, x := range rm.ScopeMetrics[0].Metrics {
				c.metrics[x.Name] = x
			}
		}
	default:
		c.t.Errorf("an export to %s", r.URL.Path)
	}
	close(c.arrived)
	c.arrived = make(chan struct{})
}

func attributes(list []*commonpb.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range list {
		out[kv.Key] = kv.Value.GetStringValue()
		if _, number := kv.Value.Value.(*commonpb.AnyValue_IntValue); number {
			out[kv.Key] = "number"
		}
	}
	return out
}

// span waits for the span of that name.
func (c *collector) span(name string) *span {
	c.t.Helper()
	var found *span
	c.await("the span "+name, func() bool {
		for _, s := range c.spans {
			if s.Name == name {
				found = s
			}
		}
		return found != nil
	})
	return found
}

// await waits until something holds of what has arrived.
func (c *collector) await(what string, holds func() bool) {
	c.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		c.mu.Lock()
		ok, arrived := holds(), c.arrived
		c.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-arrived:
		case <-deadline:
			var names []string
			for _, s := range c.spans {
				names = append(names, s.Name)
			}
			c.t.Fatalf("%s did not arrive; there are the spans %s", what, strings.Join(names, ", "))
		}
	}
}
