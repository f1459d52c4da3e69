package view

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func TestServers(t *testing.T) {
	now := time.Unix(1e9, 0)
	list := []ServerStatus{
		{Address: "server.gone@docker.local"},
		{Address: "server.weather@host.here", Units: []UnitStatus{{
			Unit: resource.Unit{Name: "weather", State: "running", Running: true, Ready: true, Restarts: 1, Since: now.Add(-3 * time.Hour), Last: "signal: killed"},
			Said: json.RawMessage(`{"version":"1.2.0","state":"draining","url":"http://127.0.0.1:8080/mcp","sessions":1,"connections":12,"in_progress":0,"troubles":[{"check":"upstream/tickets","detail":"connection refused"}]}`),
		}}},
		{Address: "server.web@kubernetes.prod", Units: []UnitStatus{
			{Unit: resource.Unit{Name: "web-1", State: "CrashLoopBackOff", Restarts: 4, Last: "exit code 1 (Error)", Place: "n1"}},
			{Unit: resource.Unit{Name: "web-2", State: "running", Running: true, Ready: true, Since: now.Add(-50 * time.Second), Place: "n2"}},
		}},
	}
	var b bytes.Buffer
	Servers(&b, Style{}, list, now)
	const want = `server.gone@docker.local  not there

server.weather@host.here  ready
  ✓ weather  running, draining · since 3h · started again once · ended last with signal: killed
      version   1.2.0
      url       http://127.0.0.1:8080/mcp
      load      12 connections, 1 session, 0 in progress
      ! upstream/tickets: connection refused

server.web@kubernetes.prod  1 of 2 ready
  ✗ web-1  CrashLoopBackOff · started again 4 times · ended last with exit code 1 (Error) · on n1
  ✓ web-2  running · since 50s · on n2
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestSessions(t *testing.T) {
	now := time.Unix(1e9, 0)
	var b bytes.Buffer
	Sessions(&b, Style{}, []Session{{Name: "0badcafe", Version: "2025-11-25", Identity: "bearer:ci", Used: now.Add(-90 * time.Minute), Streaming: true}, {Name: "01020304", Version: "2025-06-18", Used: now}}, now)
	const want = `SESSION    VERSION      IDLE   STREAM CLIENT
0badcafe…  2025-11-25   1h     yes    bearer:ci
01020304…  2025-06-18   0s     no     -
`
	if got := b.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
