package otlp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/erlmcp/erlmcp/server/telemetry"
	"github.com/erlmcp/erlmcp/version"
)

// Options say where a collector is.
type Options struct {
	Endpoint string // URL; "" for the usual one of the protocol on this machine
	Protocol string // "grpc" or "http"
	Headers  map[string]string
	CA       string        // authorities in PEM; "" for those of the system
	Timeout  time.Duration // of one export, attempts included
	// Failed hears why exports fail, once, and nil when they succeed again.
	Failed func(error)
}

// signal is one kind of what is exported.
type signal struct {
	method string // of gRPC
	path   string // of HTTP
}

var (
	traces  = signal{"/opentelemetry.proto.collector.trace.v1.TraceService/Export", "/v1/traces"}
	metrics = signal{"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/v1/metrics"}
)

// client sends messages to a collector, from one goroutine.
type client struct {
	Options
	signal
	http   *http.Client
	failed bool
}

func newClient(o Options, s signal) *client {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1, IdleConnTimeout: 5 * time.Minute, TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig: telemetry.Trust(o.CA),
	}
	usual := "http://localhost:4318"
	if o.Protocol == "grpc" {
		usual = "http://localhost:4317"
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP2(true)
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	if o.Endpoint == "" {
		o.Endpoint = usual
	}
	o.Endpoint = strings.TrimRight(o.Endpoint, "/")
	return &client{Options: o, signal: s, http: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// refusal is an error that another attempt would meet as well.
type refusal struct{ error }

const (
	firstPause = 200 * time.Millisecond // before another attempt
	longPause  = 5 * time.Second        // the pause doubles up to this
	maxAnswer  = 64 << 10               // bytes of an answer that are read
)

// export sends one message, in several attempts if need be, and reports when
// that begins or ceases to fail.
func (c *client) export(ctx context.Context, m proto.Message) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	err := c.insist(ctx, m)
	if (err != nil) != c.failed {
		c.failed = err != nil
		c.Failed(err)
	}
}

func (c *client) insist(ctx context.Context, m proto.Message) error {
	body, err := proto.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	var why error // of the latest attempt that was not cut off, if there was one
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		wait, err := c.send(ctx, body)
		if err == nil || errors.As(err, new(refusal)) {
			return err
		}
		if why == nil || ctx.Err() == nil {
			why = err
		}
		select {
		case <-time.After(max(pause, wait)):
		case <-ctx.Done():
			return why
		}
	}
}

// send makes one attempt. With an error comes how long the collector asks to
// wait, if it does.
func (c *client) send(ctx context.Context, body []byte) (wait time.Duration, err error) {
	if c.Protocol == "grpc" {
		// A message is prefixed with a flag, for compression, and its length.
		framed := make([]byte, 5, 5+len(body))
		binary.BigEndian.PutUint32(framed[1:], uint32(len(body)))
		body = append(framed, body...)
	}
	path, contentType := c.path, "application/x-protobuf"
	if c.Protocol == "grpc" {
		path, contentType = c.method, "application/grpc"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		return 0, refusal{errors.New("the endpoint is not a URL")}
	}
	for name, value := range c.Headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", "erlmcp/"+version.Version)
	if c.Protocol == "grpc" {
		r.Header.Set("TE", "trailers")
	}
	response, err := c.http.Do(r)
	if errors.As(err, new(*tls.CertificateVerificationError)) { // it shows the same one again
		return 0, refusal{unreachable(c.Endpoint, err)}
	}
	if err != nil {
		return 0, unreachable(c.Endpoint, err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)); err != nil {
		return 0, fmt.Errorf("the collector broke off its answer")
	}
	if c.Protocol == "grpc" && response.StatusCode == http.StatusOK {
		return 0, grpcError(response)
	}
	return retryAfter(response), httpError(response)
}

// unreachable says why there is no answer, without the URL, in which a secret may
// stand.
func unreachable(endpoint string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	host := "the collector"
	if at, parsed := url.Parse(endpoint); parsed == nil {
		host = at.Host
	}
	return fmt.Errorf("%s does not answer: %w", host, err)
}

// httpError is the error of an answer over HTTP (OTLP, "OTLP/HTTP Response").
func httpError(r *http.Response) error {
	switch r.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Errorf("the collector answers with status %d", r.StatusCode)
	}
	return refusal{fmt.Errorf("the collector answers with status %d", r.StatusCode)}
}

func retryAfter(r *http.Response) time.Duration {
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds), 60) * time.Second
}

// grpcRetry are the codes after which another attempt may succeed (OTLP,
// "Failures").
var grpcRetry = map[string]string{"1": "cancelled", "4": "deadline exceeded", "8": "resource exhausted", "10": "aborted", "11": "out of range", "14": "unavailable", "15": "data loss"}

// grpcError is the error of an answer over gRPC. The status stands in the
// trailers, or in the headers when there is nothing else.
func grpcError(r *http.Response) error {
	status := r.Trailer.Get("Grpc-Status")
	if status == "" {
		status = r.Header.Get("Grpc-Status")
	}
	switch {
	case status == "0":
		return nil
	case status == "":
		return refusal{errors.New("what answers there does not speak gRPC")}
	case grpcRetry[status] != "":
		return fmt.Errorf("the collector answers: %s", grpcRetry[status])
	}
	return refusal{fmt.Errorf("the collector refuses, with gRPC status %s", status)}
}

func (c *client) close() { c.http.CloseIdleConnections() }
