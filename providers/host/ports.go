package host

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/providers/document"
)

// listener is an address that a document asks for.
type listener struct {
	setting string // as in the configuration
	address string
	port    int
}

func listeners(doc cty.Value) []listener {
	doc, _ = doc.UnmarkDeep()
	get := func(block, attribute string) cty.Value { return document.Setting(doc, block, attribute) }
	out := []listener{{"listen { port", get("listen", "address").AsString(), document.Int(get("listen", "port"))}}
	if tcp := get("listen", "tcp_port"); !tcp.IsNull() {
		out = append(out, listener{"listen { tcp_port", out[0].address, document.Int(tcp)})
	}
	if get("metrics", "enabled").True() {
		out = append(out, listener{"metrics { port", get("metrics", "address").AsString(), document.Int(get("metrics", "port"))})
	}
	return out
}

// checkPorts refuses a document whose ports somebody else has. The processes of
// the folder itself do not count: they make room.
func checkPorts(f folder, at address.Resource, doc cty.Value) error {
	for _, l := range listeners(doc) {
		if l.port == 0 {
			continue
		}
		where := net.JoinHostPort(l.address, strconv.Itoa(l.port))
		open, err := net.Listen("tcp", where)
		if err == nil {
			open.Close()
			continue
		}
		d := diag.Errorf("port cannot be opened", "%s: %s", where, diag.Sentence(err)).
			Fix("Set %s = … } to another port, or another address.", l.setting)
		if errors.Is(err, syscall.EACCES) && l.port < 1024 {
			d.Fix("Ports below 1024 are for root: set %s = … } to a higher one, or run erlmcp as root.", l.setting)
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			pid, name := portHolder(l)
			if pid != 0 && f.family(pid) {
				continue
			}
			d = diag.Errorf("port in use", "Port %d on %s is in use by %s.", l.port, l.address, name).
				Fix("Set %s = … } to another port, or stop what uses this one.", l.setting)
		}
		d.Address = at.String()
		return d
	}
	return nil
}

// family reports whether the process is the folder's supervisor or server.
func (f folder) family(pid int) bool {
	supervisor, err := f.supervisor()
	return f.owns(pid) || err == nil && supervisor != 0 && (pid == supervisor || pid == f.childState().PID)
}

// portHolder is the process that listens on a port, and a name for it. The
// number is 0 when it is not ours to know.
func portHolder(l listener) (pid int, name string) {
	unknown := "another program"
	inodes := listening(l)
	if len(inodes) == 0 {
		return 0, unknown
	}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return 0, unknown
	}
	for _, link := range links {
		to, err := os.Readlink(link)
		if err != nil || !inodes[to] {
			continue
		}
		process := strings.Split(link, "/")[2]
		if pid, err = strconv.Atoi(process); err != nil {
			continue
		}
		comm, _ := os.ReadFile(filepath.Join("/proc", process, "comm"))
		return pid, fmt.Sprintf("process %d (%s)", pid, strings.TrimSpace(string(comm)))
	}
	return 0, unknown
}

// listening is the sockets, as links of open files name them ("socket:[1234]"),
// that listen on the port and stand in the way of the address.
func listening(l listener) map[string]bool {
	out := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(table)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			// proc(5): sl local_address rem_address st … inode, addresses as HEX:PORT.
			fields := strings.Fields(lines.Text())
			if len(fields) < 10 || fields[3] != "0A" {
				continue
			}
			_, port, _ := strings.Cut(fields[1], ":")
			if n, err := strconv.ParseUint(port, 16, 16); err == nil && int(n) == l.port && overlaps(fields[1], l.address) {
				out["socket:["+fields[9]+"]"] = true
			}
		}
		file.Close()
	}
	return out
}

// overlaps reports whether a listener at the address of the table keeps one at
// the other address from being opened.
func overlaps(entry, wanted string) bool {
	held, _, _ := strings.Cut(entry, ":")
	if strings.Trim(held, "0") == "" {
		return true // every address
	}
	ip, err := netip.ParseAddr(wanted)
	if err != nil || ip.IsUnspecified() {
		return true
	}
	// Words of four bytes, each in the machine's order, which is little-endian on
	// every architecture that there is a runtime for.
	var b strings.Builder
	raw := ip.AsSlice()
	for i := 0; i < len(raw); i += 4 {
		fmt.Fprintf(&b, "%02X%02X%02X%02X", raw[i+3], raw[i+2], raw[i+1], raw[i])
	}
	return held == b.String()
}
