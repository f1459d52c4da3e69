package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	//lint:ignore SA1019 these are the types that client-go's port-forward has
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// The headers of the port-forward protocol, and the kinds of its streams.
const (
	streamHeader, errorStream, dataStream = "streamType", "error", "data"

	portHeader    = "port"
	requestHeader = "requestID"
)

// forward connects to a port of a pod by way of the API server.
func (c *cluster) forward(ctx context.Context, p *unstructured.Unstructured, port int64) (net.Conn, error) {
	type answer struct {
		conn net.Conn
		err  error
	}
	answers := make(chan answer)
	go func() { // ends with the dial, whose time is bounded
		conn, err := c.dialPod(p, port)
		select {
		case answers <- answer{conn, err}:
		case <-ctx.Done():
			if err == nil {
				conn.Close()
			}
		}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, fmt.Errorf("connect to port %d of pod %s: %w", port, p.GetName(), a.err)
		}
		return a.conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// dialPod speaks the port-forward protocol of the API server: two streams for a
// connection, one for data and one for errors. It is carried by a WebSocket, or
// by SPDY where the server knows no better (before Kubernetes 1.30).
func (c *cluster) dialPod(p *unstructured.Unstructured, port int64) (net.Conn, error) {
	at, err := url.Parse(strings.TrimSuffix(c.config.Host, "/") + "/api/v1/namespaces/" + p.GetNamespace() + "/pods/" + p.GetName() + "/portforward")
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(c.config)
	if err != nil {
		return nil, err
	}
	old := spdy.NewDialer(upgrader, &http.Client{Transport: transport, Timeout: connectTimeout}, http.MethodPost, at)
	websocket, err := portforward.NewSPDYOverWebsocketDialer(at, c.config)
	if err != nil {
		return nil, err
	}
	conn, _, err := portforward.NewFallbackDialer(websocket, old, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}).Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return nil, err
	}
	t := &tunnel{conn: conn}
	if err := t.open(port); err != nil {
		conn.Close()
		return nil, err
	}
	return t, nil
}

// tunnel is a connection to a port of a pod. Deadlines do nothing: who uses it
// closes it when its time is up.
type tunnel struct {
	httpstream.Stream
	conn httpstream.Connection

	mu  sync.Mutex
	err error // what the kubelet says of the connection
}

func (t *tunnel) open(port int64) error {
	headers := http.Header{}
	headers.Set(portHeader, strconv.FormatInt(port, 10))
	headers.Set(requestHeader, "0")
	headers.Set(streamHeader, errorStream)
	errs, err := t.conn.CreateStream(headers)
	if err != nil {
		return err
	}
	errs.Close() // nothing is written there
	headers.Set(streamHeader, dataStream)
	if t.Stream, err = t.conn.CreateStream(headers); err != nil {
		return err
	}
	go func() { // ends with the connection
		said, _ := io.ReadAll(io.LimitReader(errs, 4096))
		if len(said) == 0 {
			return
		}
		t.mu.Lock()
		t.err = errors.New(strings.TrimSpace(string(said)))
		t.mu.Unlock()
		t.conn.Close()
	}()
	return nil
}

func (t *tunnel) Read(p []byte) (int, error) {
	n, err := t.Stream.Read(p)
	if err == nil {
		return n, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		return n, t.err
	}
	return n, err
}

func (t *tunnel) Close() error {
	return errors.Join(t.Stream.Reset(), t.conn.Close())
}

type podAddress struct{}

func (podAddress) Network() string { return "pod" }
func (podAddress) String() string  { return "pod" }

func (*tunnel) LocalAddr() net.Addr              { return podAddress{} }
func (*tunnel) RemoteAddr() net.Addr             { return podAddress{} }
func (*tunnel) SetDeadline(time.Time) error      { return nil }
func (*tunnel) SetReadDeadline(time.Time) error  { return nil }
func (*tunnel) SetWriteDeadline(time.Time) error { return nil }
