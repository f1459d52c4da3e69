package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
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
	session, err := client.Connect(ctx, endpoint, transport)
	if err != nil {
		return f.unanswered(endpoint, err)
	}
	defer session.Close()

	result, err := request(ctx, session.ClientSession, f.arguments, method, words)
	if err != nil {
		var d *diag.Diagnostic
		if errors.As(err, &d) {
			return err
		}
		return f.unanswered(method, session.Explain(err))
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

// needs is the argument without which a method means nothing.
var needs = map[string]string{"resources/read": "uri", "prompts/get": "name", "tools/call": "name"}

// request calls a method of MCP, or a tool by its name.
func request(ctx context.Context, s *mcp.ClientSession, arguments, method string, words []string) (any, error) {
	if !strings.Contains(method, "/") && method != "ping" {
		return callTool(ctx, s, arguments, method, words)
	}
	args, err := parseWords(words, nil)
	if err != nil {
		return nil, err
	}
	text := func(name string) string {
		v, _ := args[name].(string)
		delete(args, name)
		return v
	}
	if name := needs[method]; name != "" && args[name] == nil {
		return nil, diag.Errorf("An argument is missing", "%s needs %s=….", method, name).Fix("See what there is with erlmcp call URL %s/list.", path.Dir(method))
	}
	switch method {
	case "ping":
		return struct{}{}, s.Ping(ctx, nil)
	case "tools/list":
		return all(s.Tools(ctx, nil))
	case "resources/list":
		return all(s.Resources(ctx, nil))
	case "resources/templates/list":
		return all(s.ResourceTemplates(ctx, nil))
	case "prompts/list":
		return all(s.Prompts(ctx, nil))
	case "resources/read":
		return s.ReadResource(ctx, &mcp.ReadResourceParams{URI: text("uri")})
	case "prompts/get":
		name := text("name")
		values := map[string]string{}
		for k, v := range args {
			values[k] = fmt.Sprint(v)
		}
		return s.GetPrompt(ctx, &mcp.GetPromptParams{Name: name, Arguments: values})
	case "tools/call":
		name := text("name")
		for i, w := range words {
			if strings.HasPrefix(w, "name=") {
				words = append(append([]string{}, words[:i]...), words[i+1:]...)
				break
			}
		}
		return callTool(ctx, s, arguments, name, words)
	}
	known := []string{"ping", "tools/list", "tools/call", "resources/list", "resources/read", "resources/templates/list", "prompts/list", "prompts/get"}
	d := diag.Errorf("Unknown method", "erlmcp call has no method %q; it has %s.", method, strings.Join(known, ", "))
	if near := diag.Suggest(method, known); near != "" {
		d.Fix("Did you mean %q?", near)
	}
	return nil, d
}

func all[T any](seq func(func(T, error) bool)) ([]T, error) {
	out := []T{}
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func callTool(ctx context.Context, s *mcp.ClientSession, arguments, name string, words []string) (any, error) {
	tools, err := all(s.Tools(ctx, nil))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range tools {
		names = append(names, t.Name)
		if t.Name != name {
			continue
		}
		args, err := toolArguments(arguments, words, t)
		if err != nil {
			return nil, err
		}
		return s.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	}
	d := diag.Errorf("No such tool", "The server has no tool %q; it has %s.", name, strings.Join(names, ", "))
	if near := diag.Suggest(name, names); near != "" {
		d.Fix("Did you mean %q?", near)
	}
	return nil, d
}

func toolArguments(arguments string, words []string, t *mcp.Tool) (map[string]any, error) {
	var schema struct {
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
	}
	raw, err := json.Marshal(t.InputSchema)
	if err == nil {
		err = json.Unmarshal(raw, &schema)
	}
	if err != nil {
		return nil, fmt.Errorf("read the input schema of %s: %w", t.Name, err)
	}
	isText := map[string]bool{}
	for name, p := range schema.Properties {
		isText[name] = p.Type == "string"
	}
	args, err := parseWords(words, isText)
	if err != nil {
		return nil, err
	}
	if arguments != "" {
		v, err := parseJSON(arguments)
		given, ok := v.(map[string]any)
		if err != nil || !ok {
			return nil, diag.Errorf("Not a JSON object", "-arguments is %q.", arguments).Fix("Write one such as '{\"city\": \"Oslo\"}'.")
		}
		for k, v := range args {
			given[k] = v
		}
		args = given
	}
	return args, nil
}

// parseWords reads NAME=VALUE and NAME:=JSON. The value of a name that isText
// knows not to be a string is JSON when it reads as JSON.
func parseWords(words []string, isText map[string]bool) (map[string]any, error) {
	args := map[string]any{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, diag.Errorf("Not an argument", "%q is not of the form NAME=VALUE.", w)
		}
		if typed, isJSON := strings.CutSuffix(name, ":"); isJSON {
			v, err := parseJSON(value)
			if err != nil {
				return nil, diag.Errorf("Not JSON", "%q: %v.", w, err)
			}
			args[typed] = v
			continue
		}
		args[name] = value
		if text, known := isText[name]; known && !text {
			if v, err := parseJSON(value); err == nil {
				args[name] = v
			}
		}
	}
	return args, nil
}

// parseJSON reads one JSON value and keeps every digit of its numbers.
func parseJSON(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("there is something after the value")
	}
	return v, nil
}
