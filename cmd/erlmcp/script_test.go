package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/erlmcp/erlmcp/internal/reserve"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"erlmcp":      func() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		"interrupted": func() { whenCreated(os.Args[1:], func(p *os.Process) { p.Signal(os.Interrupt) }) },
		"suspended":   func() { whenCreated(os.Args[3:], func(p *os.Process) { suspend(p, os.Args[1], os.Args[2]) }) },
	})
}

// TestScripts runs the transcripts in testdata/script: each is what a user could
// have typed, against the real program.
func TestScripts(t *testing.T) {
	runtime := filepath.Join(t.TempDir(), "erlmcpd")
	build := exec.Command("go", "build", "-o", runtime, "../erlmcpd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build erlmcpd: %v\n%s", err, out)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("ERLMCP_RUNTIME", runtime)
			env.Setenv("EXAMPLES", examples)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"capture":  capture,
			"await":    await,
			"freeport": freeport,
			"bucket":   bucket,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// whenCreated runs a command, and does something to it when it says that something was
// created.
func whenCreated(command []string, do func(*os.Process)) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
	lines := bufio.NewScanner(out)
	for done := false; lines.Scan(); {
		fmt.Println(lines.Text())
		if !done && strings.Contains(lines.Text(), ": created") {
			done = true
			do(cmd.Process)
		}
	}
	cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
}

// suspend has a process stand still, says so in the one file, and has it go on when
// the other is there.
func suspend(p *os.Process, stands, goOn string) {
	p.Signal(syscall.SIGSTOP)
	err := os.WriteFile(stands, []byte("it stands still"), 0o600)
	for end := time.Now().Add(time.Minute); err == nil && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, missing := os.Stat(goOn); missing == nil {
			break
		}
	}
	p.Signal(syscall.SIGCONT)
}

// capture NAME sets a variable to what the last command printed.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: capture NAME")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// await FILE TEXT waits until a file holds a text.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE TEXT")
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		content, _ := os.ReadFile(ts.MkAbs(args[0]))
		if strings.Contains(string(content), args[1]) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not come to hold %q; it holds %q", args[0], args[1], content)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// freeport NAME sets a variable to a TCP port of loopback that is free, and kept for
// the servers of the script.
func freeport(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: freeport NAME")
	}
	port, release, err := reserve.Port()
	ts.Check(err)
	ts.Defer(release)
	ts.Setenv(args[0], strconv.Itoa(port))
}

// bucket NAME starts an emulator of Google Cloud Storage with a bucket, and sets
// STORAGE to its URL.
func bucket(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: bucket NAME")
	}
	s, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", PublicHost: "127.0.0.1"})
	ts.Check(err)
	ts.Defer(s.Stop)
	s.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: args[0]})
	ts.Setenv("STORAGE", s.URL())
}
