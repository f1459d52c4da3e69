package sink

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock is a time that a test moves.
type clock struct{ now time.Time }

func (c *clock) file(path string, r Rotation) *File {
	f := NewFile(path, r)
	f.now = func() time.Time { return c.now }
	return f
}

func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

func TestRotation(t *testing.T) {
	for name, tc := range map[string]struct {
		rotation Rotation
		want     map[string]string
	}{
		"none":            {Rotation{}, map[string]string{"a": "1111 2222 3333 4444 "}},
		"by size":         {Rotation{Size: 10, Keep: 5}, map[string]string{"a": "3333 4444 ", "a.1": "1111 2222 "}},
		"a line too long": {Rotation{Size: 3, Keep: 5}, map[string]string{"a": "4444 ", "a.1": "3333 ", "a.2": "2222 ", "a.3": "1111 "}},
		"keeping two":     {Rotation{Size: 3, Keep: 2}, map[string]string{"a": "4444 ", "a.1": "3333 ", "a.2": "2222 "}},
		"keeping none":    {Rotation{Size: 3}, map[string]string{"a": "4444 "}},
		"by age":          {Rotation{Age: 2 * time.Hour, Keep: 5}, map[string]string{"a": "3333 4444 ", "a.1": "1111 2222 "}},
		"by both":         {Rotation{Size: 15, Age: 3 * time.Hour, Keep: 5}, map[string]string{"a": "4444 ", "a.1": "1111 2222 3333 "}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, c := t.TempDir(), &clock{time.Unix(1e9, 0)}
			f := c.file(filepath.Join(dir, "a"), tc.rotation)
			defer f.Close()
			for n := range 4 {
				fmt.Fprintf(f, "%s ", strings.Repeat(fmt.Sprint(n+1), 4))
				c.now = c.now.Add(time.Hour)
			}
			if got := folder(t, dir); fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAFileThatWasThereCounts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("12345678"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := NewFile(path, Rotation{Size: 10, Keep: 1})
	defer f.Close()
	fmt.Fprint(f, "x")
	fmt.Fprint(f, "yz")
	if got := folder(t, dir); got["a"] != "yz" || got["a.1"] != "12345678x" {
		t.Errorf("got %q", got)
	}
}

func TestReopenAfterTheFileWasMoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	f := NewFile(path, Rotation{})
	fmt.Fprint(f, "one")
	if err := os.Rename(path, path+"-old"); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "two")
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, "three")
	f.Close()
	fmt.Fprint(f, "four")
	if got := folder(t, dir); got["a-old"] != "onetwo" || got["a"] != "three" {
		t.Errorf("got %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAFileThatCannotBeWrittenDropsLines(t *testing.T) {
	f := NewFile(filepath.Join(t.TempDir(), "gone", "a"), Rotation{})
	if n, err := f.Write([]byte("line")); n != 4 || err != nil {
		t.Errorf("the server would see %d, %v", n, err)
	}
	if err := f.Reopen(); err == nil {
		t.Error("nobody would know why")
	}
}
