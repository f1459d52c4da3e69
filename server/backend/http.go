package backend

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/telemetry/tracing"
	"github.com/erlmcp/erlmcp/version"
)

// errorBody is how much of the body of a failed response an answer shows, in
// bytes.
const errorBody = 4 << 10

// headerName is a token of RFC 9110, section 5.6.2.
var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

type httpTool struct {
	client  *http.Client
	method  string
	url     *expr.Template
	headers []named
	body    *expr.Template
	sends   []parameter
	payload payload
	wait    time.Duration
	limit   schemas.Size
	log     hclog.Logger
}

func newHTTP(h *schemas.HTTP, c compiler, env Env) (Tool, error) {
	t := &httpTool{client: NewClient(h.Redirects, nil), method: h.Method, wait: time.Duration(h.Timeout), limit: h.ResponseLimit, log: env.Logger}
	for name := range h.Headers {
		if !headerName.MatchString(name) {
			return nil, fmt.Errorf("http.headers: %q cannot be the name of a header", name)
		}
	}
	var err error
	if t.url, err = c.template("http.url", h.URL, "url"); err != nil {
		return nil, err
	}
	if t.headers, err = c.templates("http.headers", h.Headers, "header"); err != nil {
		return nil, err
	}
	if t.body, err = c.template("http.body", h.Body, "text"); err != nil {
		return nil, err
	}
	if t.sends, err = newParameters(h, c); err != nil {
		return nil, err
	}
	if t.payload, err = newPayload(h, c); err != nil {
		return nil, err
	}
	return t, nil
}

// Call sends the request and answers with the body of the response. No text of
// it holds the URL, a header, or a credential.
func (t *httpTool) Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
	limited, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	request, err := t.request(limited, args)
	if err != nil {
		return unfit(err), nil
	}
	begun, span := time.Now(), tracing.Outgoing(request)
	response, body, err := t.exchange(request)
	if errors.Is(err, memory.ErrShort) {
		return nil, err
	}
	if err != nil {
		span.Failed("no_response")
		t.log.Debug("request failed", "host", request.URL.Host, "took", time.Since(begun))
		return protocol.ErrorResult(t.explain(ctx, limited, request.URL.Host, err)), nil
	}
	span.Answered(response.StatusCode)
	t.log.Debug("request answered", "host", request.URL.Host, "status", response.StatusCode, "took", time.Since(begun))
	return t.result(response, body), nil
}

func (t *httpTool) request(ctx context.Context, args map[string]any) (*http.Request, error) {
	input := expr.Input(args)
	address, err := eval("http.url", t.url, input)
	if err != nil {
		return nil, err
	}
	body, mediaType, err := t.content(args, input)
	if err != nil {
		return nil, err
	}
	more, err := send(t.sends, args)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, t.method, addQuery(address, more.query), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("http.url: they do not make a URL")
	}
	r.Header.Set("User-Agent", "erlmcp/"+version.Version)
	if mediaType != "" {
		r.Header.Set("Content-Type", mediaType)
	}
	maps.Copy(r.Header, more.headers)
	for _, h := range t.headers {
		value, err := eval("http.headers."+h.name, h.template, input)
		if err != nil {
			return nil, err
		}
		switch {
		case value == "": // an optional argument was left out
		case http.CanonicalHeaderKey(h.name) == "Host":
			r.Host = value
		default:
			r.Header.Set(h.name, value)
		}
	}
	if len(more.cookies) > 0 {
		all := strings.Join(more.cookies, "; ")
		if fixed := r.Header.Get("Cookie"); fixed != "" {
			all = fixed + "; " + all
		}
		r.Header.Set("Cookie", all)
	}
	return r, nil
}

// content is the body of a request and its media type; none when it is empty.
func (t *httpTool) content(args map[string]any, input cty.Value) ([]byte, string, error) {
	if t.payload.argument != "" {
		return t.payload.write(args)
	}
	body, err := eval("http.body", t.body, input)
	switch {
	case err != nil || body == "":
		return nil, "", err
	case json.Valid([]byte(body)):
		return []byte(body), "application/json", nil
	}
	return []byte(body), "text/plain; charset=utf-8", nil
}

var errTooLarge = errors.New("response too large")

func (t *httpTool) exchange(r *http.Request) (*http.Response, []byte, error) {
	response, err := t.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body := &head{limit: int(t.limit), hold: memory.Of(r.Context())}
	_, err = io.Copy(body, io.LimitReader(response.Body, int64(t.limit)+1))
	switch {
	case body.starved():
		err = memory.ErrShort
	case err == nil && body.cut:
		err = errTooLarge
	}
	return response, body.data, err
}

// explain says why there is no response.
func (t *httpTool) explain(ctx, limited context.Context, host string, err error) string {
	switch {
	case ctx.Err() != nil:
		return "The call was given up before " + host + " answered."
	case limited.Err() != nil:
		return fmt.Sprintf("%s did not answer within %s.", host, t.wait)
	case errors.Is(err, errTooLarge):
		return fmt.Sprintf("The response of %s is larger than %s.", host, t.limit)
	}
	return fmt.Sprintf("The request to %s failed: %s.", host, Reason(err))
}

// Reason is what may be said of an error of an HTTP request. What net/http says of others quotes
// the URL or a header.
func Reason(err error) string {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &network):
		return network.Error()
	case errors.As(err, &certificate):
		return certificate.Error()
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed before the response was complete"
	}
	return "what came back is not an HTTP response"
}

func (t *httpTool) result(response *http.Response, body []byte) *protocol.ToolResult {
	status := fmt.Sprintf("%s answered with status %d %s", response.Request.URL.Host, response.StatusCode, http.StatusText(response.StatusCode))
	switch {
	case response.StatusCode >= 400:
		shown := &head{limit: errorBody}
		_, _ = shown.Write(body) // never fails
		if len(body) == 0 {
			return protocol.ErrorResult(status + ".")
		}
		return protocol.ErrorResult(status + ":\n\n" + shown.text())
	case response.StatusCode >= 300 && response.Header.Get("Location") != "":
		return protocol.ErrorResult(status + ", a redirect that is not followed.")
	}
	r := textResult(valid(body))
	if isJSON(response.Header.Get("Content-Type")) {
		r.StructuredContent = object(r.Content[0].Text)
	}
	return r
}

func isJSON(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && (t == "application/json" || strings.HasSuffix(t, "+json"))
}

// object returns the text, on one line, when it is a JSON object; else nil.
func object(text string) json.RawMessage {
	var line bytes.Buffer
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") || json.Compact(&line, []byte(text)) != nil {
		return nil
	}
	return line.Bytes()
}
