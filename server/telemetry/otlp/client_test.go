package otlp

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// exported sends one message and returns what was reported of it.
func exported(t *testing.T, o Options) string {
	t.Helper()
	said := "nothing"
	o.Failed = func(err error) { said = fmt.Sprint(err) }
	c := newClient(o, traces)
	defer c.close()
	c.export(context.Background(), &tracepb.TracesData{})
	return said
}

// collector answers every export in one way, over HTTP/1 and HTTP/2.
func collector(t *testing.T, answer http.HandlerFunc) string {
	s := httptest.NewUnstartedServer(answer)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func grpcStatus(status string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", status)
	}
}

func httpStatus(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// enough is time for a first answer, on a busy machine too, where attempts go on
// until the time is over.
const enough = 4 * time.Second

func TestWhatIsSaidOfAnAnswer(t *testing.T) {
	for name, tc := range map[string]struct {
		protocol string
		answer   http.HandlerFunc
		want     string
		insists  bool // until the time is over
	}{
		"taken over gRPC":            {"grpc", grpcStatus("0"), "nothing", false},
		"taken over HTTP":            {"http", httpStatus(200), "nothing", false},
		"refused over gRPC":          {"grpc", grpcStatus("16"), "the collector refuses, with gRPC status 16", false},
		"refused over HTTP":          {"http", httpStatus(401), "the collector answers with status 401", false},
		"away for now, over gRPC":    {"grpc", grpcStatus("14"), "the collector answers: unavailable", true},
		"away for now, over HTTP":    {"http", httpStatus(503), "the collector answers with status 503", true},
		"no gRPC":                    {"grpc", httpStatus(200), "what answers there does not speak gRPC", false},
		"no gRPC, but an error":      {"grpc", httpStatus(404), "the collector answers with status 404", false},
		"a redirect is not followed": {"http", httpStatus(302), "the collector answers with status 302", false},
		"too many requests for now":  {"http", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "60"); w.WriteHeader(429) }, "the collector answers with status 429", true},
		"an answer without an end": {"http", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(make([]byte, 10))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "the collector broke off its answer", true},
		"an answer that is too long":   {"http", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxAnswer+1)) }, "nothing", false},
		"no answer within the timeout": {"http", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "does not answer: context deadline exceeded", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{Endpoint: collector(t, tc.answer), Protocol: tc.protocol, Timeout: 20 * time.Second}
			if tc.insists {
				o.Timeout = enough
			}
			got := exported(t, o)
			if !strings.HasSuffix(got, tc.want) {
				t.Errorf("it says %q, want %q", got, tc.want)
			}
		})
	}
}

func TestTheCollectorMustBeTheOneThatIsMeant(t *testing.T) {
	for protocol, answer := range map[string]http.HandlerFunc{"grpc": grpcStatus("0"), "http": httpStatus(200)} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewUnstartedServer(answer)
			s.EnableHTTP2 = true
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.StartTLS()
			t.Cleanup(s.Close)
			authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
			o := Options{Endpoint: s.URL, Protocol: protocol, CA: authority, Timeout: 20 * time.Second}
			if got := exported(t, o); got != "nothing" {
				t.Errorf("with its authority it says %q", got)
			}
			o.CA = ""
			if got := exported(t, o); !strings.Contains(got, "certificate signed by unknown authority") {
				t.Errorf("without it says %q", got)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	got := exported(t, Options{Endpoint: "http://" + address + "/secret/path", Protocol: "http", Timeout: 100 * time.Millisecond})
	if !strings.HasPrefix(got, address+" does not answer: ") || strings.Contains(got, "secret") {
		t.Errorf("it says %q", got)
	}
}

func TestTheUsualEndpoints(t *testing.T) {
	for protocol, want := range map[string]string{"grpc": "http://localhost:4317", "http": "http://localhost:4318"} {
		if got := newClient(Options{Protocol: protocol}, traces).Endpoint; got != want {
			t.Errorf("for %s it is %s", protocol, got)
		}
	}
}
