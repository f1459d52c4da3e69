//go:build !embed_runtime

package artifact

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/diag"
)

// other is an architecture that the tests do not run on.
func other() string {
	if runtime.GOARCH == "amd64" {
		return "arm64"
	}
	return "amd64"
}

func TestRuntimeFromTheEnvironment(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(Environment, self)
	b, err := Runtime(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	content, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if b.Arch != runtime.GOARCH || b.Size != int64(len(content)) || b.SHA256 != digest(content) {
		t.Errorf("binary = %+v", b)
	}
}

func TestRuntimeThatChangedIsRefused(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "erlmcpd")
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := fromFile(path, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(content, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Bytes(); err == nil || !strings.Contains(err.Error(), b.SHA256) {
		t.Errorf("error = %v, want one that names the digest", err)
	}
}

func TestRuntimeRefuses(t *testing.T) {
	script := filepath.Join(t.TempDir(), "erlmcpd")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, arch, detail, remedy string }{
		{"no runtime at all", "", "amd64", "built without the embedded erlmcpd for linux/amd64", "make build"},
		{"a file that is missing", "/nowhere/erlmcpd", "amd64", "/nowhere/erlmcpd", "Set it to an erlmcpd"},
		{"a file that is no executable", script, "amd64", "it is not a Linux executable", "Set it to an erlmcpd"},
		{"a file for another architecture", self, other(), "not for " + other(), "linux/" + other()},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(Environment, c.path)
			_, err := Runtime(c.arch)
			l := diag.FromError(err)
			if len(l) != 1 || !strings.Contains(l[0].Detail, c.detail) || !strings.Contains(l[0].Remedy, c.remedy) {
				t.Errorf("diagnostics = %v, want detail %q and remedy %q", err, c.detail, c.remedy)
			}
		})
	}
}
