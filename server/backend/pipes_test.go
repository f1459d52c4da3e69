package backend

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWhatWasWrittenIsReadHoweverLate has the copying come to run when its time is
// over, as on a machine that is busy with other things.
func TestWhatWasWrittenIsReadHoweverLate(t *testing.T) {
	var stdout, stderr bytes.Buffer
	p, err := openPipes(&exec.Cmd{}, "", &stdout, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", pipeSize)
	if _, err := p.theirs[0].WriteString(text); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Dup(int(p.theirs[0].Fd())) // of a process that left the group
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	for _, f := range p.ours {
		if err := f.SetDeadline(time.Now().Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range p.copies {
		c()
	}
	p.abandon()
	if stdout.String() != text || stderr.Len() > 0 {
		t.Errorf("%d bytes of %d were read, and %d of the other", stdout.Len(), len(text), stderr.Len())
	}
}
