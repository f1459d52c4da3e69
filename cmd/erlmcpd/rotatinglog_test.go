package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRotatingLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.log")
	l := &rotatingLog{path: path}
	defer l.Close()
	line := strings.Repeat("x", 1<<20-1) + "\n"
	for range logSize>>20 + 2 {
		if n, err := l.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	for name, want := range map[string]int64{path + ".1": logSize, path: 2 << 20} {
		if info, err := os.Stat(name); err != nil || info.Size() != want {
			t.Errorf("%s: %v, %v; want %d bytes", filepath.Base(name), info, err, want)
		}
	}
}

func TestRotatingLogThatCannotBeWritten(t *testing.T) {
	l := &rotatingLog{path: filepath.Join(t.TempDir(), "gone", "server.log")}
	if n, err := l.Write([]byte("line")); n != 4 || err != nil {
		t.Errorf("the server would see %d, %v", n, err)
	}
}

func TestSuperviseNeedsAFolder(t *testing.T) {
	for _, args := range [][]string{nil, {"-folder", t.TempDir(), "more"}, {"-unknown"}} {
		if code := supervise(args); code != 2 {
			t.Errorf("supervise %q gives %d", args, code)
		}
	}
	if code := supervise([]string{"-folder", filepath.Join(t.TempDir(), "gone")}); code != 1 {
		t.Errorf("a folder that is not there gives %d", code)
	}
}
