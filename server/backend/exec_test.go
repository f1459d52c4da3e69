package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// execBlock is a tool that runs a command, with more attributes of its block.
func execBlock(t *testing.T, command []string, more map[string]any) string {
	t.Helper()
	block := map[string]any{"command": command}
	for k, v := range more {
		block[k] = v
	}
	text, err := json.Marshal(map[string]any{
		"input": map[string]any{"x": map[string]any{"type": "string", "required": false}},
		"exec":  block,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExec(t *testing.T) {
	files := t.TempDir()
	if err := os.WriteFile(filepath.Join(files, "hello"), []byte("#!/bin/sh\necho shipped \"$0\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(files, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ERLMCP_TEST_SECRET", "hush")
	off := map[string]any{"error_exits": false}
	tests := map[string]struct {
		command []string
		more    map[string]any
		x       any
		want    string // the whole text, or for errors a part of it
		isError bool
	}{
		"output":                   {[]string{"echo", "a", "b"}, nil, nil, "a b\n", false},
		"no shell":                 {[]string{"echo", "${input.x}"}, nil, "$(id); `id` > f * \n |", "$(id); `id` > f * \n |\n", false},
		"one word":                 {[]string{"printf", "<%s>", "${input.x}"}, nil, "a b", "<a b>", false},
		"nothing is one word too":  {[]string{"printf", "<%s>", "${input.x}", "c"}, nil, nil, "<><c>", false},
		"option from input":        {[]string{"ls", "${input.x}"}, nil, "--version", "begins with a dash", true},
		"after two dashes":         {[]string{"printf", "%s", "--", "${input.x}"}, nil, "-n", "---n", false},
		"NUL":                      {[]string{"echo", "${input.x}"}, nil, "a\x00b", "NUL", true},
		"folder of files":          {[]string{"pwd"}, nil, nil, files + "\n", false},
		"folder below it":          {[]string{"pwd"}, map[string]any{"dir": "sub"}, nil, files + "/sub\n", false},
		"another folder":           {[]string{"pwd"}, map[string]any{"dir": "/usr"}, nil, "/usr\n", false},
		"no such folder":           {[]string{"pwd"}, map[string]any{"dir": "/no/such"}, nil, "exec.dir is not a folder", true},
		"empty environment":        {[]string{"env", "-u", callVariable, "env"}, nil, nil, "", false},
		"given environment":        {[]string{"env", "-u", callVariable, "env"}, map[string]any{"env": map[string]any{"B": "<${input.x}>", "A": "1"}}, "y", "A=1\nB=<y>\n", false},
		"NUL in the environment":   {[]string{"env", "-u", callVariable, "env"}, map[string]any{"env": map[string]any{"B": "${input.x}"}}, "\x00", "exec.env.B", true},
		"standard input":           {[]string{"cat"}, map[string]any{"stdin": "<${input.x}>"}, "y\n", "<y\n>", false},
		"no standard input":        {[]string{"cat"}, nil, nil, "", false},
		"input nobody reads":       {[]string{"true"}, map[string]any{"stdin": strings.Repeat("x", 1<<20)}, nil, "", false},
		"exit status":              {[]string{"sh", "-c", "echo out; echo err >&2; exit 3"}, nil, nil, "The program failed: exit status 3.\n\nerr\n\nout", true},
		"exit status is no error":  {[]string{"sh", "-c", "echo out; echo err >&2; exit 3"}, off, nil, "out\n", false},
		"killed":                   {[]string{"sh", "-c", "kill -KILL $$"}, nil, nil, "signal: killed", true},
		"shipped program":          {[]string{"./hello"}, nil, nil, "shipped " + files + "/hello\n", false},
		"no such program":          {[]string{"no-such-program"}, nil, nil, "exec.command is not there", true},
		"not a program":            {[]string{"/etc/passwd"}, nil, nil, "exec.command is not there", true},
		"a folder":                 {[]string{"/etc"}, nil, nil, "exec.command is not there", true},
		"not UTF-8":                {[]string{"printf", `a\377b`}, nil, nil, "a\ufffdb", false},
		"too much":                 {[]string{"printf", "0123456789"}, map[string]any{"output_limit": "4B"}, nil, "0123\n[cut after 4B]", false},
		"cut within a character":   {[]string{"printf", "012é4"}, map[string]any{"output_limit": "4B"}, nil, "012\n[cut after 4B]", false},
		"exactly the limit":        {[]string{"printf", "0123"}, map[string]any{"output_limit": "4B"}, nil, "0123", false},
		"much more than the limit": {[]string{"sh", "-c", "head -c 5000000 /dev/zero; exit 1"}, map[string]any{"output_limit": "1B"}, nil, "[cut after 1B]", true},
		"end of standard error":    {[]string{"sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x >&2; echo last >&2; exit 1"}, nil, nil, "xlast", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			args := map[string]any{}
			if tc.x != nil {
				args["x"] = tc.x
			}
			r := call(t, build(t, execBlock(t, tc.command, tc.more), Env{FilesDir: files}), args)
			got := r.Content[0].Text
			if r.IsError != tc.isError || !tc.isError && got != tc.want || !strings.Contains(got, tc.want) {
				t.Errorf("got %t %q\nwant %t %q", r.IsError, got, tc.isError, tc.want)
			}
			if len(got) > 2*errorTail {
				t.Errorf("%d bytes of text", len(got))
			}
		})
	}
}

// TestNoErrorShowsWhatATemplateHolds has a secret wherever a template can stand,
// and has everything fail that can.
func TestNoErrorShowsWhatATemplateHolds(t *testing.T) {
	const secret = "S3CRET77"
	script := filepath.Join(t.TempDir(), secret)
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"program":      execBlock(t, []string{"/nope/" + secret}, nil),
		"program name": execBlock(t, []string{"nope-" + secret}, nil),
		"no program":   execBlock(t, []string{script}, nil),
		"folder":       execBlock(t, []string{"pwd"}, map[string]any{"dir": "/nope/" + secret}),
		"word":         execBlock(t, []string{"false", secret, `${tonumber(coalesce(input.x, "` + secret + `"))}`}, nil),
		"long word":    execBlock(t, []string{"echo", secret + strings.Repeat("x", 1<<20)}, nil),
		"environment":  execBlock(t, []string{"pwd"}, map[string]any{"env": map[string]any{"A": secret, "B": secret + "\x00"}}),
		"input":        execBlock(t, []string{"false"}, map[string]any{"stdin": secret}),
		"timeout":      execBlock(t, []string{"sleep", "100"}, map[string]any{"stdin": secret, "timeout": "50ms"}),
		"text":         `{"input":{"x":{"type":"string","required":false}},"static":{"text":"${tonumber(coalesce(input.x, \"` + secret + `\"))}"}}`,
		"url":          `{"http":{"url":"http://127.0.0.1:1/` + secret + `?` + secret + `","headers":{"A":"` + secret + `"},"body":"` + secret + `"}}`,
	}
	for name, block := range tests {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			env := Env{Logger: hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Trace})}
			r := call(t, build(t, block, env), map[string]any{})
			if !r.IsError || strings.Contains(r.Content[0].Text, secret) || strings.Contains(log.String(), secret) {
				t.Errorf("got %+v\nlog: %s", r, log.String())
			}
		})
	}
}

func TestExecWithoutAFolderOfFiles(t *testing.T) {
	r := call(t, build(t, execBlock(t, []string{"pwd"}, nil), Env{FilesDir: filepath.Join(t.TempDir(), "none")}), nil)
	if r.IsError || r.Content[0].Text != "/\n" {
		t.Errorf("got %+v", r)
	}
}

// family prints the ids of a process and of its child, neither of which ends
// when asked to, and both of which hold the pipe open.
const family = `trap "" TERM
(trap "" TERM; while :; do sleep 100; done) &
echo $$ $!
wait
sleep 100`

func TestATimedOutProgramIsGoneWithItsFamily(t *testing.T) {
	tool := build(t, execBlock(t, []string{"sh", "-c", family}, map[string]any{"timeout": "2s"}), Env{})
	r := call(t, tool, nil)
	text := r.Content[0].Text
	if !r.IsError || !strings.Contains(text, "did not end within 2s") {
		t.Fatalf("got %+v", r)
	}
	gone(t, strings.Fields(text)[len(strings.Fields(text))-2:])
}

func TestAChildThatIsLeftBehindIsGone(t *testing.T) {
	const leave = `(trap "" TERM HUP; while :; do sleep 100; done) & echo $!`
	begun := time.Now()
	r := call(t, build(t, execBlock(t, []string{"sh", "-c", leave}, nil), Env{}), nil)
	if r.IsError || time.Since(begun) > 20*time.Second {
		t.Fatalf("got %+v after %s", r, time.Since(begun))
	}
	gone(t, strings.Fields(r.Content[0].Text))
}

// leaver starts a process in a session of its own, which holds the pipe, and
// writes its id into the file $LEFT.
const leaver = `setsid %s sh -c 'echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 100' x "$LEFT" & until [ -e "$LEFT" ]; do :; done; echo done; %s`

func TestAChildThatLeavesTheGroupIsGone(t *testing.T) {
	tests := map[string]struct {
		through, then string
		isError       bool
	}{
		"after the program":             {"", "", false},
		"after the time":                {"", "sleep 100", true},
		"twice, after the program":      {"setsid -f", "", false},
		"twice, after the time":         {"setsid -f", "sleep 100", true},
		"without its mark, in the tree": {"env -i", "sleep 100", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			left := filepath.Join(t.TempDir(), "left")
			more := map[string]any{"env": map[string]any{"LEFT": left}}
			if tc.isError {
				more["timeout"] = "2s"
			}
			begun := time.Now()
			r := call(t, build(t, execBlock(t, []string{"sh", "-c", fmt.Sprintf(leaver, tc.through, tc.then)}, more), Env{}), nil)
			if r.IsError != tc.isError || !strings.Contains(r.Content[0].Text, "done") || time.Since(begun) > 20*time.Second {
				t.Errorf("got %q after %s", r.Content[0].Text, time.Since(begun))
			}
			pid, err := os.ReadFile(left)
			if err != nil {
				t.Fatal(err)
			}
			gone(t, strings.Fields(string(pid)))
		})
	}
}

// TestAChildThatBecomesAnotherProgramIsGone leaves behind a process that is in the
// middle of execve(2) much of its time, when it has no environment.
func TestAChildThatBecomesAnotherProgramIsGone(t *testing.T) {
	script := filepath.Join(t.TempDir(), "again")
	if err := os.WriteFile(script, []byte(`#!/bin/sh
[ -e "$LEFT" ] || { echo $$ > "$LEFT.new"; mv "$LEFT.new" "$LEFT"; }
exec "$0"
`), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		left := filepath.Join(t.TempDir(), fmt.Sprint(i))
		call(t, build(t, execBlock(t, []string{"sh", "-c", `setsid "$0" & until [ -e "$LEFT" ]; do :; done`, script}, map[string]any{"env": map[string]any{"LEFT": left}}), Env{}), nil)
		pid, err := os.ReadFile(left)
		if err != nil {
			t.Fatal(err)
		}
		gone(t, strings.Fields(string(pid)))
		if id, err := strconv.Atoi(strings.TrimSpace(string(pid))); err == nil && t.Failed() {
			_ = syscall.Kill(id, syscall.SIGKILL)
			return
		}
	}
}

// TestOneCallDoesNotEndTheProgramsOfAnother runs many at once that all have a
// child in a session of its own.
func TestOneCallDoesNotEndTheProgramsOfAnother(t *testing.T) {
	tool := build(t, execBlock(t, []string{"sh", "-c", `setsid sh -c 'echo child; exit 3'; echo $?`}, nil), Env{})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if r, err := tool.Call(t.Context(), nil); err != nil || r.Content[0].Text != "child\n3\n" {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	wg.Wait()
}

func TestTheAnswerComesWhenTimeIsOver(t *testing.T) {
	tool := build(t, execBlock(t, []string{"sh", "-c", family}, map[string]any{"timeout": "300ms"}), Env{})
	begun := time.Now()
	r := call(t, tool, nil)
	if took := time.Since(begun); took >= 300*time.Millisecond+grace { // before that the program cannot be gone
		t.Errorf("%q after %s", r.Content[0].Text, took)
	}
	within(t, "the program to be ended", func() bool { return len(tool.(*execTool).ending) == 0 })
}

func TestEndPrograms(t *testing.T) {
	if os.Getenv("ERLMCP_TEST_RUNTIME") != "" { // is the runtime that is killed
		_, _ = build(t, execBlock(t, []string{"sh", "-c", fmt.Sprintf(leaver, "", "sleep 100")}, map[string]any{
			"env": map[string]any{"LEFT": os.Getenv("ERLMCP_TEST_RUNTIME")},
		}), Env{}).Call(t.Context(), nil)
		return
	}
	left := filepath.Join(t.TempDir(), "left")
	runtime := exec.Command(os.Args[0], "-test.run=^TestEndPrograms$")
	runtime.Env = append(os.Environ(), "ERLMCP_TEST_RUNTIME="+left)
	if err := runtime.Start(); err != nil {
		t.Fatal(err)
	}
	within(t, "the child to begin", func() bool { _, err := os.Stat(left); return err == nil })
	below := descendants(runtime.Process.Pid)
	if len(below) == 0 {
		t.Error("the runtime has no program")
	}
	_ = runtime.Process.Kill()
	_ = runtime.Wait()
	EndPrograms(runtime.Process.Pid)
	for _, p := range below {
		gone(t, []string{strconv.Itoa(p.Pid)})
	}
}

func TestACancelledCallEndsItsProgram(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	tool := build(t, execBlock(t, []string{"sh", "-c", "echo $$ > " + started + ".new; mv " + started + ".new " + started + "; sleep 100"}, nil), Env{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		within(t, "the program to start", func() bool { _, err := os.Stat(started); return err == nil })
		cancel()
	}()
	r, err := tool.Call(ctx, nil)
	if err != nil || !r.IsError || !strings.Contains(r.Content[0].Text, "given up") {
		t.Fatalf("got %+v, %v", r, err)
	}
	pid, err := os.ReadFile(started)
	if err != nil {
		t.Fatal(err)
	}
	gone(t, strings.Fields(string(pid)))
}

func TestExecLeavesNoDescriptorsOpen(t *testing.T) {
	tool := build(t, execBlock(t, []string{"cat"}, map[string]any{"stdin": "${input.x}"}), Env{})
	count := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	call(t, tool, map[string]any{"x": "a"})
	before := count()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			x := fmt.Sprint("call ", i)
			if r, err := tool.Call(t.Context(), map[string]any{"x": x}); err != nil || r.Content[0].Text != x {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	wg.Wait()
	within(t, "descriptors to be closed", func() bool { return count() <= before })
}

// gone waits until none of the processes runs.
func gone(t *testing.T, pids []string) {
	t.Helper()
	for _, pid := range pids {
		if _, err := strconv.Atoi(pid); err != nil {
			t.Fatalf("%q is not the id of a process", pid)
		}
		within(t, "process "+pid+" to be gone", func() bool {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			return err != nil || strings.Contains(string(stat), ") Z ")
		})
	}
}

// within polls for a condition that nothing announces.
func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Errorf("waited in vain for %s", what)
			return
		}
		time.Sleep(time.Millisecond)
	}
}
