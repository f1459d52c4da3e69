//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/internal/reserve"
)

// repository is the root of the checkout.
func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// result is what a command printed and how it ended.
type result struct {
	stdout, stderr string
	code           int
}

func (r result) String() string {
	return "stdout:\n" + r.stdout + "\nstderr:\n" + r.stderr
}

// workspace is a folder with a configuration, and the erlmcp that works in it.
type workspace struct {
	t   *testing.T
	dir string
	env []string
	// limit is how long a command may take.
	limit time.Duration
	// printed collects everything that erlmcp printed, for searching it for secrets.
	printed *bytes.Buffer
}

// newWorkspace copies an example to a folder of its own. What the test leaves
// behind is destroyed.
func newWorkspace(t *testing.T, example string) *workspace {
	t.Helper()
	w := &workspace{t: t, dir: t.TempDir(), printed: &bytes.Buffer{}, limit: 3 * time.Minute}
	if example != "" {
		copyFolder(t, filepath.Join(repository(t), "examples", example), w.dir)
	}
	t.Cleanup(func() {
		if r := w.run("destroy", "-auto-approve"); r.code != 0 {
			t.Errorf("destroy at the end: exit %d\n%s", r.code, r)
		}
	})
	return w
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		if d.IsDir() {
			if d.Name() == ".erlmcp" || d.Name() == "certs" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), src, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// command is an erlmcp that has not been started.
func (w *workspace) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(repository(w.t), "bin", "erlmcp"), args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), w.env...)
	return cmd
}

// run runs erlmcp to its end.
func (w *workspace) run(args ...string) result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), w.limit)
	defer cancel()
	cmd := w.command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdout = io.MultiWriter(&out, w.printed)
	cmd.Stderr = io.MultiWriter(&errs, w.printed)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatalf("erlmcp %s: %v", strings.Join(args, " "), err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// must runs erlmcp and fails the test unless it ends with that status.
func (w *workspace) must(code int, args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != code {
		w.t.Fatalf("erlmcp %s: exit %d, want %d\n%s", strings.Join(args, " "), r.code, code, r)
	}
	return r
}

// write puts a configuration file into the workspace.
func (w *workspace) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// tool runs another program and returns what it printed.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// freePort is a TCP port that nobody uses; see [reserve.Fixed].
func freePort(t *testing.T) int {
	t.Helper()
	port, err := reserve.Fixed()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// contains fails the test unless text holds every part.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is missing in:\n%s", p, text)
		}
	}
}
