package catalog

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// follow watches a catalog until the test ends, and returns what collects its
// changes until they hold something.
func follow(t *testing.T, c *Catalog) func(enough func(Changes) bool) Changes {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	told := make(chan Changes, 100)
	c.Watch(ctx, func(c Changes) { told <- c })
	return func(enough func(Changes) bool) Changes {
		t.Helper()
		var all Changes
		deadline := time.After(10 * time.Second)
		for !enough(all) {
			select {
			case c := <-told:
				all.Resources = all.Resources || c.Resources
				all.Updated = append(all.Updated, c.Updated...)
			case <-deadline:
				t.Fatalf("only %+v was told", all)
			}
		}
		return all
	}
}

func has(uri string) func(Changes) bool {
	return func(c Changes) bool { return slices.Contains(c.Updated, uri) }
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWatchedFiles(t *testing.T) {
	dir := files(t, map[string]string{"one.txt": "1", "docs/a.md": "a", "docs/.hidden": "", "other/x": ""})
	c := mustBuild(t, dir, `,"resource":{"one":{"file":"one.txt"},"docs":{"folder":"docs"},"still":{"folder":"other","watch":false},"text":{"text":"x"}}`)
	told := follow(t, c)

	write(t, filepath.Join(dir, "one.txt"), "2")
	if got := told(has("erlmcp://one")); got.Resources {
		t.Errorf("a list changed: %+v", got)
	}
	write(t, filepath.Join(dir, "other", "x"), "not watched")
	write(t, filepath.Join(dir, "docs", ".hidden"), "not offered")
	write(t, filepath.Join(dir, "docs", "a.md"), "b")
	if got := told(has("erlmcp://docs/a.md")); len(got.Updated) != 1 || got.Resources {
		t.Errorf("a file was written: %+v", got)
	}
	write(t, filepath.Join(dir, "new"), "1") // replaces the file, as editors do
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "one.txt")); err != nil {
		t.Fatal(err)
	}
	told(has("erlmcp://one"))
	if err := os.Mkdir(filepath.Join(dir, "docs", "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	told(func(c Changes) bool { return c.Resources })
	write(t, filepath.Join(dir, "docs", "deep", "b.md"), "b")
	if got := told(has("erlmcp://docs/deep/b.md")); !got.Resources {
		t.Errorf("a file has come: %+v", got)
	}
	if err := os.Remove(filepath.Join(dir, "docs", "a.md")); err != nil {
		t.Fatal(err)
	}
	told(func(c Changes) bool { return c.Resources && has("erlmcp://docs/a.md")(c) })
}
