package local

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func shipped(t *testing.T, content string) resource.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return resource.File{Path: "f", Source: path, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}
}

func TestFilesAreKeptByTheirContent(t *testing.T) {
	k := Files{Dir: t.TempDir()}
	a, b := shipped(t, "alpha"), shipped(t, "beta")
	if err := k.Keep(t.Context(), []resource.File{a, b, a}); err != nil {
		t.Fatal(err)
	}
	path, ok := k.Find(a.SHA256)
	content, err := os.ReadFile(path)
	if !ok || err != nil || string(content) != "alpha" {
		t.Errorf("found %q, %v, %v", content, ok, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
	for _, sum := range []string{strings.Repeat("0", 64), "../state.json", ""} {
		if _, ok := k.Find(sum); ok {
			t.Errorf("%q was found", sum)
		}
	}
	changed := shipped(t, "gamma")
	changed.SHA256 = strings.Repeat("1", 64)
	if err := k.Keep(t.Context(), []resource.File{changed}); err == nil || !strings.Contains(err.Error(), "has changed since") {
		t.Errorf("a file that has changed: %v", err)
	}
	if _, ok := k.Find(changed.SHA256); ok {
		t.Error("a file that has changed was kept")
	}
}

func TestFilesShippedLongAgoGo(t *testing.T) {
	k := Files{Dir: t.TempDir()}
	old, again, now := shipped(t, "old"), shipped(t, "again"), shipped(t, "now")
	if err := k.Keep(t.Context(), []resource.File{old, again}); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-time.Hour)
	for _, f := range []resource.File{old, again} {
		path, _ := k.Find(f.SHA256)
		// As large as all that is kept: the one file fills it.
		if f.SHA256 == old.SHA256 {
			if err := os.Truncate(path, keepFiles); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Keep(t.Context(), []resource.File{again, now}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file resource.File
		want bool
	}{"long ago": {old, false}, "shipped again": {again, true}, "new": {now, true}} {
		if _, ok := k.Find(tt.file.SHA256); ok != tt.want {
			t.Errorf("%s: kept %v, want %v", name, ok, tt.want)
		}
	}
}
