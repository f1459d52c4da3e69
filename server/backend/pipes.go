package backend

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// pipes connect a program's standard streams. They are plain pipes, not those of
// os/exec, whose Wait would wait for every process that holds an end of them.
type pipes struct {
	ours, theirs []*os.File
	copies       []func()
	running      sync.WaitGroup
}

func openPipes(cmd *exec.Cmd, stdin string, stdout, stderr io.Writer) (*pipes, error) {
	p := &pipes{}
	out, err := p.open(&cmd.Stdout)
	if err != nil {
		return nil, err
	}
	errs, err := p.open(&cmd.Stderr)
	if err != nil {
		return nil, err
	}
	p.copies = []func(){
		func() { drainPipe(stdout, out) },
		func() { drainPipe(stderr, errs) },
	}
	if stdin == "" {
		return p, nil // os/exec opens the null device
	}
	r, w, err := os.Pipe()
	if err != nil {
		p.abandon()
		return nil, err
	}
	cmd.Stdin = r
	p.theirs, p.ours = append(p.theirs, r), append(p.ours, w)
	p.copies = append(p.copies, func() {
		_, _ = io.WriteString(w, stdin) // a program need not read all of it
		w.Close()
	})
	return p, nil
}

// open makes a pipe from one of the program's outputs and returns our end.
func (p *pipes) open(to *io.Writer) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		p.abandon()
		return nil, err
	}
	*to = w
	p.ours, p.theirs = append(p.ours, r), append(p.theirs, w)
	return r, nil
}

// begin starts copying, once the program holds its own ends.
func (p *pipes) begin() {
	closeAll(p.theirs)
	for _, c := range p.copies {
		p.running.Go(c)
	}
}

// finish waits until everything has been copied. A process that left the group
// may still hold a pipe, and is waited for only so long.
func (p *pipes) finish() {
	for _, f := range p.ours {
		_ = f.SetDeadline(time.Now().Add(drain))
	}
	p.running.Wait()
	closeAll(p.ours)
}

// pipeSize is how much a pipe holds (pipe(7)).
const pipeSize = 64 << 10

// drainPipe copies until the pipe or its deadline ends. What was written by then is
// copied all the same, however late this comes to run.
func drainPipe(to io.Writer, from *os.File) {
	if _, err := io.Copy(to, from); !errors.Is(err, os.ErrDeadlineExceeded) || from.SetDeadline(time.Time{}) != nil {
		return
	}
	raw, err := from.SyscallConn()
	if err != nil {
		return
	}
	held := make([]byte, pipeSize)
	_ = raw.Read(func(fd uintptr) bool {
		n, _ := syscall.Read(int(fd), held) // does not wait
		held = held[:max(0, n)]
		return true
	})
	_, _ = to.Write(held)
}

// abandon closes everything when there is no program.
func (p *pipes) abandon() {
	closeAll(p.ours)
	closeAll(p.theirs)
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
