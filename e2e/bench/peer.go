package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// peer is a server in a process of its own.
type peer struct {
	name string
	addr string // of its port
	cmd  *exec.Cmd
	// allocated asks it for the bytes that it has allocated since its start.
	allocated func() (uint64, error)
	stop      func()
}

// startPeer runs this program again as the server of that kind.
func startPeer(name, kind string) (*peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "serve", kind)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	lines := bufio.NewScanner(out)
	p := &peer{name: name, cmd: cmd}
	p.stop = func() { in.Close(); cmd.Wait() }
	if !lines.Scan() {
		p.stop()
		return nil, fmt.Errorf("start %s: it ended", name)
	}
	p.addr = lines.Text()
	p.allocated = func() (uint64, error) {
		if _, err := io.WriteString(in, "allocated\n"); err != nil {
			return 0, err
		}
		if !lines.Scan() {
			return 0, fmt.Errorf("%s has ended", name)
		}
		return strconv.ParseUint(lines.Text(), 10, 64)
	}
	return p, nil
}

// servePeer is the other side of startPeer: it serves until its input ends, and
// answers each line with the bytes that it has allocated.
func servePeer(kind string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serve := map[string]func(net.Listener) error{
		"bare": serveBare, "lines": serveLines, "mcpgo": serveMCPGo,
		"gosdk": serveGoSDK(false), "gosdk-stateless": serveGoSDK(true),
	}[kind]
	if serve == nil {
		return fmt.Errorf("there is no peer %q", kind)
	}
	failed := make(chan error, 1)
	go func() { failed <- serve(l) }()
	fmt.Println(l.Addr())
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		metrics.Read(sample)
		fmt.Println(sample[0].Value.Uint64())
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// cpu is the processor time that the process has used.
func (p *peer) cpu() (time.Duration, error) {
	// clock_getcpuclockid(3): the clock of another process, in nanoseconds.
	clock := int32(^uint32(p.cmd.Process.Pid)<<3 | 2)
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0, fmt.Errorf("processor time of %s: %w", p.name, err)
	}
	return time.Duration(ts.Nano()), nil
}

// resident is the memory of the process that is in use, in bytes.
func (p *peer) resident() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("resident memory of %s: the kernel does not tell", p.name)
}
