package upstream

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/version"
)

// resumptions is how often a stream that was cut off is taken up again before
// the connection is given up.
const resumptions = 2

// web is a connection over HTTP. As an [http.RoundTripper] it gives each request
// its headers, bounds what comes back, and marks what the upstream asks with the
// call on whose stream it came.
type web struct {
	link   *link
	spec   *schemas.UpstreamHTTP
	limit  int
	client *http.Client
	listen *http.Transport // of streams that are opened to listen

	mu   sync.Mutex
	last error // why the latest request failed; nil when it did not
}

// reaches prepares a connection to the URL of the block.
func (u *Upstream) reaches(l *link) (mcp.Transport, carrier, error) {
	config, err := tlsConfig(u.spec.HTTP)
	if err != nil {
		return nil, nil, err
	}
	w := &web{link: l, spec: u.spec.HTTP, limit: int(u.spec.ResponseLimit), client: backend.NewClient(0, config)}
	w.listen = w.client.Transport.(*http.Transport).Clone()
	w.listen.ResponseHeaderTimeout = listenTime
	return &mcp.StreamableClientTransport{
		Endpoint:     u.spec.HTTP.URL,
		HTTPClient:   &http.Client{Transport: w, CheckRedirect: w.client.CheckRedirect},
		MaxRetries:   resumptions,
		MaxEventSize: w.limit + lineSlack,
	}, w, nil
}

// tlsConfig is nil when the block says nothing of TLS.
func tlsConfig(h *schemas.UpstreamHTTP) (*tls.Config, error) {
	ca, err := given(h.CA, h.CAFile, "ca")
	if err != nil {
		return nil, err
	}
	certificate, err := given(h.Certificate, h.CertificateFile, "certificate")
	if err != nil {
		return nil, err
	}
	key, err := given(h.Key, h.KeyFile, "key")
	if err != nil {
		return nil, err
	}
	if ca == nil && certificate == nil {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("http.ca: there is no certificate in PEM in it")
		}
	}
	if certificate != nil {
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, errors.New("http.certificate and http.key do not go together")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// given is a text, or what a file of the target holds.
func given(text, file, name string) ([]byte, error) {
	if file == "" {
		if text == "" {
			return nil, nil
		}
		return []byte(text), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("http.%s_file cannot be read", name)
	}
	return data, nil
}

// RoundTrip implements [http.RoundTripper]. Its errors quote neither the URL nor
// a header.
func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	e, _ := r.Context().Value(exchangeKey{}).(*exchange)
	r = r.Clone(r.Context())
	w.dress(r.Header, r)
	response, err := w.send(r)
	if err != nil {
		if r.Context().Err() == nil {
			err = errors.New(backend.Reason(err))
			w.remember(err)
		}
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch {
	case r.Method == http.MethodPost && response.StatusCode >= 300:
		w.remember(status(response.StatusCode))
	case r.Method == http.MethodPost && response.StatusCode == http.StatusOK && kind != eventStream && kind != "application/json":
		w.remember(errors.New("its answers are no messages of MCP; look at the URL"))
	default:
		w.remember(nil)
	}
	return response, w.bound(r, response, kind, e)
}

// listenTime is how long an upstream may take to begin a stream of notifications.
// The SDK waits for that before it does anything else, and some servers send
// nothing before there is something to say.
const listenTime = 3 * time.Second

// send sends a request. A stream that does not begin is as one that is not offered.
func (w *web) send(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		return w.client.Transport.RoundTrip(r)
	}
	response, err := w.listen.RoundTrip(r)
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() && r.Context().Err() == nil {
		return &http.Response{StatusCode: http.StatusMethodNotAllowed, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return response, err
}

// dress adds the headers of the block, and the trace that the call is part of.
func (w *web) dress(h http.Header, r *http.Request) {
	h.Set("User-Agent", "erlmcp/"+version.Version)
	for name, value := range w.spec.Headers {
		h.Set(name, value)
	}
	if w.spec.Token != "" {
		h.Set("Authorization", "Bearer "+w.spec.Token)
	}
	if t := protocol.TraceOf(r.Context()); t.Parent != "" {
		h.Set(protocol.TraceParent, t.Parent)
		if t.State != "" {
			h.Set(protocol.TraceState, t.State)
		}
	}
}

const eventStream = "text/event-stream"

// bound bounds the body of a response of that media type.
func (w *web) bound(r *http.Request, response *http.Response, kind string, e *exchange) error {
	if kind == eventStream {
		t := &tagged{from: response.Body, limit: w.limit, id: requestID(r), failed: w.remember}
		if e != nil {
			t.exchange = e.id
		}
		if r.Header.Get(protocol.HeaderMethod) == protocol.SubscriptionsListen {
			t.ended = func() { w.link.fail(errors.New("its stream of notifications has ended")) }
		}
		response.Body = t
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, int64(w.limit)+1))
	response.Body.Close()
	if err != nil {
		return errors.New(backend.Reason(err))
	}
	if len(data) > w.limit {
		id := requestID(r)
		if id == nil {
			return errors.New(errLarge(w.limit))
		}
		data = tooLarge(id, w.limit)
		response.ContentLength = int64(len(data))
		response.Header.Del("Content-Length")
	}
	response.Body = io.NopCloser(bytes.NewReader(data))
	return nil
}

// requestID is the id of the JSON-RPC request that an HTTP request carries, or
// nil.
func requestID(r *http.Request) json.RawMessage {
	if r.GetBody == nil {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil
	}
	defer body.Close()
	var message struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
	}
	if json.NewDecoder(body).Decode(&message) != nil || message.Method == "" {
		return nil
	}
	return message.ID
}

func (w *web) remember(err error) {
	w.mu.Lock()
	w.last = err
	w.mu.Unlock()
}

func (w *web) explain() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *web) close() {
	w.client.CloseIdleConnections()
	w.listen.CloseIdleConnections()
}
