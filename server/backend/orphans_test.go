//go:build linux

package backend

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestAnOrphanThatHidesIsGone has programs leave a process behind that has left
// the group and the session, bears no mark, and has lost its parent: by itself, and
// while others run. It does so in a process of its own, as adopting orphans is for
// the whole process.
func TestAnOrphanThatHidesIsGone(t *testing.T) {
	if dir := os.Getenv("ERLMCP_TEST_ADOPTS"); dir != "" {
		hideOrphans(t, dir)
		return
	}
	dir := t.TempDir()
	runtime := exec.Command(os.Args[0], "-test.run=^TestAnOrphanThatHidesIsGone$", "-test.v")
	runtime.Env = append(os.Environ(), "ERLMCP_TEST_ADOPTS="+dir)
	out, err := runtime.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.pid"))
	if err != nil || len(left) != 11 {
		t.Fatalf("there were %d orphans, %v\n%s", len(left), err, out)
	}
}

func hideOrphans(t *testing.T, dir string) {
	children, err := AdoptOrphans()
	if err != nil {
		t.Fatal(err)
	}
	// The orphan's parent ends at once; it holds no pipe, and its id comes last.
	const orphan = `setsid -f env -i sh -c 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 1000' x "$0" </dev/null >/dev/null 2>&1; until [ -e "$0" ]; do :; done; `
	run := func(name, then string) []string {
		file := filepath.Join(dir, name+".pid")
		r, err := build(t, execBlock(t, []string{"sh", "-c", orphan + then, file}, map[string]any{"timeout": "20s"}), Env{Children: children}).Call(t.Context(), nil)
		if err != nil || r.IsError {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		pid, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		return strings.Fields(string(pid))
	}
	gone(t, run("alone", ""))

	var wg sync.WaitGroup
	var mu sync.Mutex
	var all []string
	for i := range 10 {
		wg.Go(func() {
			pid := run("many"+string(rune('a'+i)), "exit 0")
			mu.Lock()
			defer mu.Unlock()
			all = append(all, pid...)
		})
	}
	wg.Wait() // the last one that ends takes what is left with it
	gone(t, all)

	survivor := filepath.Join(dir, "lives")
	long := build(t, execBlock(t, []string{"sh", "-c", `setsid -f env -i sh -c 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 1000' x "$0"; until [ -e "$0.end" ]; do :; done; kill -0 $(cat "$0") && echo lives`, survivor}, map[string]any{"timeout": "20s"}), Env{Children: children})
	answer := make(chan string, 1)
	go func() {
		r, err := long.Call(t.Context(), nil)
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- r.Content[0].Text
	}()
	within(t, "the other has a process in the background", func() bool { _, err := os.Stat(survivor); return err == nil })
	call(t, build(t, execBlock(t, []string{"sh", "-c", "true & wait"}, nil), Env{Children: children}), nil)
	if err := os.WriteFile(survivor+".end", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text := <-answer; text != "lives\n" {
		t.Errorf("one call has ended the processes of another, which answers %q", text)
	}
}
