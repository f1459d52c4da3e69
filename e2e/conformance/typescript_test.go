//go:build e2e

package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The official TypeScript SDK: version 1, and the client package of version 2.
const (
	sdk1 = "@modelcontextprotocol/sdk@1.32.2"
	sdk2 = "@modelcontextprotocol/client@2.4.0"
)

// seen is what client.mjs prints.
type seen struct {
	Server     string    `json:"server"`
	Tools      int       `json:"tools"`
	Greeting   string    `json:"greeting"`
	Kinds      []string  `json:"kinds"`
	Resource   string    `json:"resource"`
	Prompt     string    `json:"prompt"`
	Completion []string  `json:"completion"`
	Elicited   string    `json:"elicited"`
	Rounds     string    `json:"rounds"`
	Progress   []float64 `json:"progress"`
}

func TestTheTypeScriptClients(t *testing.T) {
	home := installed(t, "typescript-1.32.2-2.4.0", sdk1, sdk2, node)
	script, err := filepath.Abs("client.mjs")
	if err != nil {
		t.Fatal(err)
	}
	want := seen{
		Server: "conformance", Tools: 9 + len(olderTools()) + len(roundTools(nil)) + len(taskTools()),
		Greeting: "Hello, Ada!", Kinds: []string{"text", "image", "resource"},
		Resource: `{"data":"Data for ID: 7","id":"7","templateTest":true}`,
		Prompt:   "Prompt with arguments: arg1='a', arg2='b'", Completion: []string{"paris", "park", "party"},
		Elicited: "Hello, Ada!", Rounds: "3 answers", Progress: []float64{0, 50, 100},
	}
	for _, c := range []struct{ name, sdk, mode string }{
		{"version 2, the newer era", "client", "auto"},
		{"version 2, the older era", "client", "legacy"},
		{"version 1", "sdk", "legacy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, filepath.Join(home, "node_modules", ".bin", "node"), script, home, c.sdk, c.mode, startFixture(t))
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s%s", err, stdout.String(), stderr.String())
			}
			var got seen
			if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
				t.Fatalf("%v: %s", err, stdout.String())
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
