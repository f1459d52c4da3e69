//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mark3labs "github.com/mark3labs/mcp-go/client"
	markmcp "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// session is a session of the official Go client.
func session(t *testing.T, url string) *mcp.ClientSession {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	s, err := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, nil).Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func callTool(t *testing.T, s *mcp.ClientSession, tool string, args map[string]any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := s.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		return err.Error()
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestTheGatewayExample applies examples/gateway, uses it with two clients, and
// kills its upstreams.
func TestTheGatewayExample(t *testing.T) {
	w := newWorkspace(t, "gateway")
	erlmcp := filepath.Join(repository(t), "bin", "erlmcp")
	contains(t, w.must(0, "plan", "-var", "erlmcp="+erlmcp).stdout, "upstream.handbook", "upstream.tickets")
	applied := w.must(0, "apply", "-auto-approve", "-var", "erlmcp="+erlmcp)
	contains(t, applied.stdout, "Applied: 2 created.", "http://127.0.0.1:8080/mcp")
	w.must(0, "plan", "-detailed-exitcode", "-var", "erlmcp="+erlmcp)

	s := session(t, "http://127.0.0.1:8080/mcp")
	list, err := s.ListTools(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	if got := strings.Join(names, " "); got != "office_hours search_handbook tickets_count tickets_open" {
		t.Errorf("tools: %s", got)
	}
	contains(t, callTool(t, s, "search_handbook", map[string]any{"query": "fire"}), "call the porter")
	contains(t, callTool(t, s, "tickets_open", map[string]any{"title": "Fire"}), "Ticket opened: Fire")
	contains(t, callTool(t, s, "tickets_open", map[string]any{"title": 7}), "Invalid arguments")
	read, err := s.ReadResource(context.Background(), &mcp.ReadResourceParams{URI: "erlmcp://handbook/printers.md"})
	if err != nil || !strings.Contains(read.Contents[0].Text, "# Printers") {
		t.Errorf("%+v, %v", read, err)
	}
	prompt, err := s.GetPrompt(context.Background(), &mcp.GetPromptParams{Name: "tickets_triage", Arguments: map[string]string{"title": "Fire"}})
	if err != nil || !strings.Contains(prompt.Messages[0].Content.(*mcp.TextContent).Text, "and why? Fire") {
		t.Errorf("%+v, %v", prompt, err)
	}
	usedByMark3labs(t)
	killed(t, s, erlmcp)
}

func usedByMark3labs(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := mark3labs.NewStreamableHttpClient("http://127.0.0.1:8080/mcp")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Initialize(ctx, markmcp.InitializeRequest{Params: markmcp.InitializeParams{
		ProtocolVersion: "2025-06-18", ClientInfo: markmcp.Implementation{Name: "c", Version: "1"},
	}}); err != nil {
		t.Fatal(err)
	}
	r, err := c.CallTool(ctx, markmcp.CallToolRequest{Params: markmcp.CallToolParams{Name: "tickets_count"}})
	if err != nil || !strings.Contains(fmt.Sprint(r.Content), "3") {
		t.Errorf("%+v, %v", r, err)
	}
}

// killed ends the program of one upstream and the server of the other, both with
// SIGKILL; both come back.
func killed(t *testing.T, s *mcp.ClientSession, erlmcp string) {
	for _, c := range []struct{ upstream, tool, process string }{
		{"tickets", "tickets_count", erlmcp + "\x00serve\x00-stdio"},
		{"handbook", "search_handbook", "/handbook/current/erlmcpd\x00run"},
	} {
		for _, pid := range processes(t, c.process) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		deadline := time.Now().Add(30 * time.Second)
		for tick := time.NewTicker(20 * time.Millisecond); ; <-tick.C {
			answer := callTool(t, s, c.tool, map[string]any{"query": "fire"})
			if c.upstream == "tickets" {
				answer = callTool(t, s, c.tool, nil)
			}
			if !strings.Contains(answer, `"isError":true`) {
				break
			}
			if !strings.Contains(answer, "The server behind this, "+c.upstream) {
				t.Errorf("%s", answer)
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s did not come back: %s", c.upstream, answer)
			}
		}
	}
}

// processes are those whose command line holds a text.
func processes(t *testing.T, text string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline")) // gone when it has ended
		if strings.Contains(string(line), text) {
			out = append(out, pid)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no process runs %q", text)
	}
	return out
}

// TestTheOpenAPIExample applies examples/openapi against a service, and looks at
// what the service gets.
func TestTheOpenAPIExample(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	service := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s %s %s", r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), body))
		rw.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodPost {
			rw.WriteHeader(http.StatusCreated)
			_, _ = rw.Write([]byte(`{"id":7,"title":"Fire"}`))
			return
		}
		_, _ = rw.Write([]byte(`{"tickets":[{"id":1,"title":"x"}]}`))
	}))
	defer service.Close()
	w := newWorkspace(t, "openapi")
	w.env = []string{"ERLMCP_VAR_token=s3cret-token"}
	w.write("service.auto.mcpvars", fmt.Sprintf("service = %q\n", service.URL+"/api/v2"))
	contains(t, w.must(0, "plan").stdout, "document.tool.listTickets.input_schema", "document.tool.open_ticket.http.payload.argument")
	w.must(0, "apply", "-auto-approve")
	s := session(t, "http://127.0.0.1:8080/mcp")
	contains(t, callTool(t, s, "listTickets", map[string]any{
		"project": "a/../b?c", "label": []string{"x&y", "z"}, "created": map[string]any{"after": "2026-01-01"},
	}), `"structuredContent":{"tickets":[{"id":1,"title":"x"}]}`)
	contains(t, callTool(t, s, "open_ticket", map[string]any{"project": "office", "body": map[string]any{"title": "Fire", "labels": []string{"hot"}}}), `"structuredContent":{"id":7,"title":"Fire"}`)
	contains(t, callTool(t, s, "open_ticket", map[string]any{"project": "office", "body": map[string]any{"labels": 3}}), "Invalid arguments")
	contains(t, callTool(t, s, "deleteTicket", map[string]any{"id": 1}), "Unknown tool")
	mu.Lock()
	defer mu.Unlock()
	want := []string{
		"GET /api/v2/projects/a%2F..%2Fb%3Fc/tickets?created%5Bafter%5D=2026-01-01&label=x%26y&label=z Bearer s3cret-token ",
		`POST /api/v2/projects/office/tickets Bearer s3cret-token {"labels":["hot"],"title":"Fire"}`,
	}
	if strings.Join(seen, "\n") != strings.Join(want, "\n") {
		t.Errorf("the service got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}

	// A change of the document is a change of what clients see.
	document, err := os.ReadFile(filepath.Join(w.dir, "tickets.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("tickets.yaml", strings.Replace(string(document), "operationId: listTickets", "operationId: searchTickets", 1))
	contains(t, w.must(0, "plan").stdout, "Clients will see:", "+ tool searchTickets", "- tool listTickets")
	if strings.Contains(w.printed.String(), "s3cret") {
		t.Error("the token was printed")
	}
}
