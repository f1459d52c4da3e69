package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/server/control"
)

// program is the erlmcpd that is measured.
type program struct {
	folder string // for what its servers need
	path   string
	starts int
}

// build builds erlmcpd as releases are built, unless one is given.
func build(given, folder string) (*program, error) {
	p := &program{folder: folder, path: given}
	if given != "" {
		return p, nil
	}
	p.path = filepath.Join(folder, "erlmcpd")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", p.path, "github.com/erlmcp/erlmcp/cmd/erlmcpd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build erlmcpd: %w\n%s", err, out)
	}
	return p, nil
}

// erlmcpd is a runtime that is measured.
type erlmcpd struct {
	peer
	metricsURL string
}

// document is a server with what production has switched on: input validation, a
// rate limit, metrics; no log of each request. The rate limit is one that is kept
// account of for each call and never reached.
func document(more map[string]any) map[string]any {
	doc := map[string]any{
		"name":       "bench",
		"listen":     map[string]any{"port": 0},
		"metrics":    map[string]any{"port": 0},
		"rate_limit": []any{map[string]any{"requests_per_minute": 1_000_000_000, "burst": 100_000}},
		"limits":     map[string]any{"memory": "2GB"},
		"log":        map[string]any{"level": "warn"},
		"tool": map[string]any{"echo": map[string]any{
			"description": "Says the same again",
			"input":       map[string]any{"text": map[string]any{"type": "string", "max_length": 1000}},
			"static":      map[string]any{"text": "${input.text}"},
		}},
	}
	maps.Copy(doc, more)
	return doc
}

// start starts a runtime of a document.
func (p *program) start(name string, doc map[string]any) (*erlmcpd, error) {
	p.starts++
	folder := filepath.Join(p.folder, strconv.Itoa(p.starts))
	raw, err := json.Marshal(doc)
	if err == nil {
		err = os.Mkdir(folder, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "server.json"), raw, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("start erlmcpd: %w", err)
	}
	socket := filepath.Join(folder, "control.sock")
	cmd := exec.Command(p.path, "run", "-document", filepath.Join(folder, "server.json"), "-control", socket)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start erlmcpd: %w", err)
	}
	e := &erlmcpd{peer: peer{name: name, cmd: cmd, stop: func() { cmd.Process.Kill(); cmd.Wait() }}}
	status, err := awaitStatus(socket)
	if err != nil {
		e.stop()
		return nil, fmt.Errorf("start erlmcpd: %w", err)
	}
	e.addr, e.metricsURL = fmt.Sprintf("%s:%d", status.Address, status.Port), status.MetricsURL
	e.allocated = func() (uint64, error) {
		v, err := e.metric("go_memstats_alloc_bytes_total")
		return uint64(v), err
	}
	return e, nil
}

func awaitStatus(socket string) (s control.Status, err error) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var c *control.Client
		if c, err = control.Dial(socket); err != nil {
			continue
		}
		s, err = c.Status(context.Background())
		c.Close()
		if err == nil {
			return s, nil
		}
	}
	return s, err
}

// metric is one of the runtime's own metrics, without labels.
func (e *erlmcpd) metric(name string) (float64, error) {
	resp, err := http.Get(e.metricsURL)
	if err != nil {
		return 0, fmt.Errorf("metrics of %s: %w", e.name, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, fmt.Errorf("metrics of %s: %w", e.name, err)
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("%s has no metric %s", e.name, name)
}
