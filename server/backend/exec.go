package backend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
)

const (
	// searchPath is where programs are looked for, whatever the runtime's own
	// environment says.
	searchPath = "/usr/local/bin:/usr/bin:/bin"
	// errorTail is how much of standard error an error shows, in bytes.
	errorTail = 4 << 10
)

type execTool struct {
	words  *expr.Words
	dir    string
	files  string // the folder when there is no dir
	env    []named
	stdin  *expr.Template
	wait   time.Duration
	limit  int
	strict bool // whether an exit status other than 0 is an error
	log    hclog.Logger
	among  *Children     // that its programs are of
	ending chan struct{} // holds a place for each program that is ended behind its answer
}

func newExec(e *schemas.Exec, c compiler, env Env) (Tool, error) {
	t := &execTool{
		dir: e.Dir, files: env.FilesDir, wait: time.Duration(e.Timeout), limit: int(e.OutputLimit),
		strict: e.ErrorExits == nil || *e.ErrorExits, log: env.Logger, among: env.Children,
		ending: make(chan struct{}, maxEnding),
	}
	if t.dir != "" && !filepath.IsAbs(t.dir) {
		t.dir = filepath.Join(env.FilesDir, t.dir)
	}
	var err error
	if t.words, err = expr.CompileWords(e.Command); err != nil {
		return nil, fmt.Errorf("exec.command: %w", err)
	}
	if c.check {
		if err := t.words.Check(c.names); err != nil {
			return nil, fmt.Errorf("exec.command: %w", err)
		}
	}
	for name := range e.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return nil, fmt.Errorf("exec.env: %q cannot be the name of an environment variable", name)
		}
	}
	// A NUL ends an environment variable as it ends a word.
	if t.env, err = c.templates("exec.env", e.Env, "text"); err != nil {
		return nil, err
	}
	if t.stdin, err = c.template("exec.stdin", e.Stdin, "text"); err != nil {
		return nil, err
	}
	if _, err := lookPath(string(e.Command[0]), t.folder()); err != nil {
		t.log.Warn("a tool's program is not there; calls will fail until it is", "attribute", "exec.command")
	}
	return t, nil
}

// folder is where the program runs. A document without files may come without
// their folder.
func (t *execTool) folder() string {
	if t.dir != "" {
		return t.dir
	}
	if info, err := os.Stat(t.files); err == nil && info.IsDir() {
		return t.files
	}
	return "/"
}

// Call runs the program and answers with its standard output.
func (t *execTool) Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
	cmd, stdin, err := t.command(args)
	if err != nil {
		return unfit(err), nil
	}
	if cmd.Path, err = lookPath(cmd.Path, cmd.Dir); err != nil {
		return protocol.ErrorResult("The tool cannot be run: " + err.Error() + "."), nil
	}
	limited, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	begun := time.Now()
	stdout, stderr := &head{limit: t.limit, hold: memory.Of(ctx)}, &tail{limit: errorTail}
	err = run(limited, cmd, stdin, stdout, stderr, t.ending, t.among)
	t.log.Debug("program ended", "took", time.Since(begun), "failed", err != nil)

	var exit *exec.ExitError
	switch {
	case stdout.starved():
		return nil, memory.ErrShort
	case ctx.Err() != nil:
		return protocol.ErrorResult("The call was given up before the program had ended, and the program was stopped."), nil
	case limited.Err() != nil:
		return failure(stdout, stderr, fmt.Sprintf("The program did not end within %s and was stopped.", t.wait)), nil
	case errors.As(err, &exit):
		if t.strict {
			return failure(stdout, stderr, fmt.Sprintf("The program failed: %s.", exit)), nil
		}
	case err != nil:
		return protocol.ErrorResult("The tool cannot be run: " + t.notStarted(err) + "."), nil
	}
	return textResult(stdout.text()), nil
}

// command prepares the program; its Path is still the word of the document.
func (t *execTool) command(args map[string]any) (cmd *exec.Cmd, stdin string, err error) {
	input := expr.Input(args)
	words, err := t.words.Eval(input)
	if err != nil {
		return nil, "", fmt.Errorf("exec.command: %w", err)
	}
	cmd = &exec.Cmd{Path: words[0], Args: words, Dir: t.folder(), Env: []string{}} // not nil, which is this process's own
	for _, v := range t.env {
		value, err := eval("exec.env."+v.name, v.template, input)
		if err != nil {
			return nil, "", err
		}
		if strings.ContainsRune(value, 0) {
			return nil, "", fmt.Errorf("exec.env.%s: an environment variable cannot hold a NUL character", v.name)
		}
		cmd.Env = append(cmd.Env, v.name+"="+value)
	}
	stdin, err = eval("exec.stdin", t.stdin, input)
	return cmd, stdin, err
}

// errNoProgram names the attribute and not the program, as a secret may stand in
// its path.
var errNoProgram = errors.New("the program of exec.command is not there on this machine, or may not be executed")

// lookPath finds a program: by its name, in searchPath, or by a path, which is
// relative to dir.
func lookPath(program, dir string) (string, error) {
	candidates := []string{program}
	switch {
	case filepath.IsAbs(program):
	case strings.Contains(program, "/"):
		candidates[0] = filepath.Join(dir, program)
	default:
		candidates = nil
		for _, d := range filepath.SplitList(searchPath) {
			candidates = append(candidates, filepath.Join(d, program))
		}
	}
	for _, path := range candidates {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", errNoProgram
}

// notStarted says why the program could not be started, without its path or that
// of its folder.
func (t *execTool) notStarted(err error) string {
	if info, e := os.Stat(t.folder()); e != nil || !info.IsDir() {
		return "exec.dir is not a folder on this machine"
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err
	}
	return "exec.command: " + err.Error()
}

// failure is a result with what the program said before it failed.
func failure(stdout *head, stderr *tail, what string) *protocol.ToolResult {
	parts := []string{what}
	if s := stderr.text(); s != "" {
		parts = append(parts, s)
	}
	if s := strings.TrimSpace(stdout.text()); s != "" {
		parts = append(parts, s)
	}
	return protocol.ErrorResult(strings.Join(parts, "\n\n"))
}
