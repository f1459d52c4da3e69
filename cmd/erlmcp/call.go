package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/view"
	"github.com/erlmcp/erlmcp/providers/client"
	"github.com/erlmcp/erlmcp/server/auth"
)

// callFlags are how to reach a server and how to print its answer.
type callFlags struct {
	ca, cert, key string
	headers       []string
	hmac          string // name of the key that signs requests
	arguments     string
	timeout       time.Duration
	json          bool
}

func newCall(c *cli) *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:   "call URL METHOD|TOOL [NAME=VALUE…]",
		Short: "Call a server as an MCP client",
		Long: "Call an MCP server: a method such as tools/list, or a tool by its name with its\n" +
			"arguments. Values take the type that the tool's input schema gives them; NAME:=JSON\n" +
			"gives JSON as it is. An answer that the tool marks as an error exits with 1.\n\n" +
			"Secrets are taken from the environment: ERLMCP_TOKEN is sent as a bearer token, and\n" +
			"with -hmac NAME requests are signed with the key in ERLMCP_HMAC_SECRET.",
		Example: "  erlmcp call http://localhost:8080 tools/list\n" +
			"  erlmcp call http://localhost:8080 forecast city=Oslo\n" +
			"  erlmcp call -ca certs/ca.pem https://localhost:8443 resources/read uri=erlmcp://docs/intro.md",
		Args: words(2, 1000),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
			defer cancel()
			return c.call(ctx, f, args[0], args[1], args[2:])
		},
	}
	cmd.Flags().StringVar(&f.ca, "ca", "", "`file` of the authorities to trust, in PEM, besides the system's")
	cmd.Flags().StringVar(&f.cert, "cert", "", "`file` of the client certificate, in PEM")
	cmd.Flags().StringVar(&f.key, "key", "", "`file` of the client certificate's key, in PEM")
	cmd.Flags().StringArrayVar(&f.headers, "header", nil, "request header, as `NAME:VALUE`; may be repeated")
	cmd.Flags().StringVar(&f.hmac, "hmac", "", "sign requests with the key of this `name`")
	cmd.Flags().StringVar(&f.arguments, "arguments", "", "all arguments as one `JSON` object")
	cmd.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "longest time for the whole call")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return cmd
}

func (c *cli) call(ctx context.Context, f callFlags, rawURL, method string, words []string) error {
	endpoint, err := endpointURL(rawURL)
	if err != nil {
		return err
	}
	transport, err := f.transport()
	if err != nil {
		return err
	}
	result, err := f.answer(ctx, endpoint, transport, method, words)
	if err != nil {
		return err
	}
	if f.json {
		err = view.JSON(c.out, result)
	} else {
		err = printResult(c.out, view.StyleOf(c.out), result)
	}
	if err != nil {
		return err
	}
	if r, ok := result.(*mcp.CallToolResult); ok && r.IsError {
		return exitCode(exitError)
	}
	return nil
}

// answer is what comes back of a call. It waits no longer than ctx, though the
// client takes its time to end a connection that does not answer.
func (f callFlags) answer(ctx context.Context, endpoint string, transport http.RoundTripper, method string, words []string) (any, error) {
	type outcome struct {
		result any
		err    error
	}
	came := make(chan outcome, 1)
	go func() { // ends with the program, when nobody waits
		result, err := f.exchange(ctx, endpoint, transport, method, words)
		came <- outcome{result, err}
	}()
	select {
	case o := <-came:
		return o.result, o.err
	case <-ctx.Done():
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, diag.Errorf("The server does not answer", "%s: no answer came within %s.", endpoint, f.timeout).
			Fix("Look at it with erlmcp server status, or wait longer with -timeout.")
	}
	return nil, diag.Errorf("Stopped", "No answer had come yet; the server may still carry out the call.")
}

// exchange opens a session, makes the call, and ends the session.
func (f callFlags) exchange(ctx context.Context, endpoint string, transport http.RoundTripper, method string, words []string) (any, error) {
	session, err := client.Connect(ctx, endpoint, transport)
	if err != nil {
		return nil, f.unreachable(endpoint, err)
	}
	defer session.Close()
	result, err := request(ctx, session.ClientSession, f.arguments, method, words)
	if err != nil && !errors.As(err, new(*diag.Diagnostic)) {
		err = f.uncalled(method, session.Explain(err))
	}
	return result, err
}

// endpointURL fills in what a user leaves out: the scheme, and the path /mcp.
func endpointURL(raw string) (string, error) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", diag.Errorf("Not a URL of an MCP server", "%q is not an http or https URL.", raw).Fix("Write one such as http://localhost:8080.")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/mcp"
	}
	return u.String(), nil
}

// transport is what carries the requests, as the flags and the environment say.
func (f callFlags) transport() (http.RoundTripper, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, diag.Errorf("Cannot read the authorities", "-ca: %v.", err)
		}
		config.RootCAs, _ = x509.SystemCertPool()
		if config.RootCAs == nil {
			config.RootCAs = x509.NewCertPool()
		}
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, diag.Errorf("No certificate in that file", "-ca %s holds no certificate in PEM.", f.ca)
		}
	}
	if f.cert != "" || f.key != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, diag.Errorf("Cannot use the client certificate", "%v.", err).Fix("Give both -cert FILE and -key FILE, in PEM, that belong together.")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	headers := http.Header{}
	for _, h := range f.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return nil, diag.Errorf("Not a header", "-header %q is not of the form NAME:VALUE.", h)
		}
		headers.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	if token := os.Getenv("ERLMCP_TOKEN"); token != "" && headers.Get("Authorization") == "" {
		headers.Set("Authorization", "Bearer "+token)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = config
	if f.hmac == "" {
		return withHeaders{transport, headers}, nil
	}
	secret := os.Getenv("ERLMCP_HMAC_SECRET")
	if secret == "" {
		return nil, diag.Errorf("No key to sign with", "-hmac %s needs the key in the environment variable ERLMCP_HMAC_SECRET, which is not set.", f.hmac)
	}
	return withHeaders{withSignature{transport, f.hmac, secret}, headers}, nil
}

// withHeaders adds headers to each request.
type withHeaders struct {
	next    http.RoundTripper
	headers http.Header
}

func (t withHeaders) RoundTrip(r *http.Request) (*http.Response, error) {
	if len(t.headers) > 0 {
		r = r.Clone(r.Context())
		for name, values := range t.headers {
			r.Header[name] = values
		}
	}
	return t.next.RoundTrip(r)
}

// withSignature signs each request.
type withSignature struct {
	next         http.RoundTripper
	name, secret string
}

func (t withSignature) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	auth.Sign(r, body, t.name, t.secret, rand.Text(), time.Now())
	return t.next.RoundTrip(r)
}
