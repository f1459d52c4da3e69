//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func fileText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// TestRsyslogTakesTheLog sends a log to rsyslog in each of the ways that it knows.
func TestRsyslogTakesTheLog(t *testing.T) {
	collectorPath(t)
	dir := t.TempDir()
	socket, taken, port := filepath.Join(dir, "log"), filepath.Join(dir, "taken"), freePort(t)
	config := fmt.Sprintf(`module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%s")
module(load="imtcp" MaxSessions="10")
input(type="imtcp" port="%d" address="127.0.0.1")
module(load="imudp")
input(type="imudp" port="%d" address="127.0.0.1")
template(name="all" type="string" string="%%syslogfacility-text%%.%%syslogseverity-text%% %%programname%% %%msg%%\n")
action(type="omfile" file="%s" template="all")
`, socket, port, port, taken)
	path := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	background(t, nil, "/usr/sbin/rsyslogd", "-n", "-f", path, "-i", filepath.Join(dir, "pid"))
	eventually(t, func() string {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err.Error()
		}
		c.Close()
		return ""
	})
	for _, address := range []string{"unix://" + socket, fmt.Sprintf("udp://127.0.0.1:%d", port), fmt.Sprintf("tcp://127.0.0.1:%d", port)} {
		tag, _, _ := strings.Cut(address, ":")
		o := observe(t, nil, fmt.Sprintf(`"metrics":{"enabled":false},"log":{"console":false,"access":true,"syslog":{"address":%q,"facility":"local3","tag":%q}}`, address, tag))
		o.call()
		o.stop()
		eventually(t, func() string {
			for _, line := range []string{"local3.info " + tag + "  serving: name=small", "local3.info " + tag + "  request: method=tools/call client=127.0.0.1", "local3.info " + tag + "  stopping"} {
				if text := fileText(taken); !strings.Contains(text, line) && !strings.Contains(text, strings.Replace(line, "  ", " ", 1)) {
					return fmt.Sprintf("%q is not in:\n%s", line, text)
				}
			}
			return ""
		})
		if printed := o.printed(); printed != "" {
			t.Errorf("the console has %s", printed)
		}
	}
}

// TestJournaldTakesTheLog runs journald in a mount namespace of its own, where it
// is in nobody's way.
func TestJournaldTakesTheLog(t *testing.T) {
	collectorPath(t)
	dir := t.TempDir()
	document := filepath.Join(dir, "server.json")
	text := fmt.Sprintf(`{"name":"small","listen":{"port":%d},"metrics":{"enabled":false},"log":{"journald":{"tag":"runbooks"}},"tool":{"hello":{"static":{"text":"Hello!"}}}}`, freePort(t))
	if err := os.WriteFile(document, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	script := `set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald & journald=$!
for i in $(seq 300); do [ -S /run/systemd/journal/socket ] && break; sleep 0.1; done
"$1" run -document "$2" & server=$!
for i in $(seq 300); do journalctl -D /run/log/journal -t runbooks -o cat --no-pager 2>/dev/null | grep -q serving && break; sleep 0.1; done
kill $server; wait $server || true
for i in $(seq 300); do journalctl -D /run/log/journal -t runbooks -o cat --no-pager | grep -q stopping && break; sleep 0.1; done
journalctl -D /run/log/journal -t runbooks -p info -o cat --no-pager
kill $journald`
	out, err := exec.Command("unshare", "-m", "bash", "-c", script, "bash", filepath.Join(repository(t), "bin", "erlmcpd"), document).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	contains(t, string(out), "\nserving: name=small url=", "\nstopping\n")
}

// TestLogrotateMovesTheLog has Debian's logrotate move a log file that the server
// writes.
func TestLogrotateMovesTheLog(t *testing.T) {
	collectorPath(t)
	dir := t.TempDir()
	log := filepath.Join(dir, "server.log")
	o := observe(t, nil, fmt.Sprintf(`"metrics":{"enabled":false},"log":{"access":true,"file":{"path":%q,"format":"json"}}`, log))
	o.call()
	config := filepath.Join(dir, "rotate.conf")
	text := fmt.Sprintf("%s {\n  rotate 3\n  nocreate\n  postrotate\n    %s reopen-logs -control %s\n  endscript\n}\n", log, filepath.Join(repository(t), "bin", "erlmcpd"), o.control)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tool(t, "/usr/sbin/logrotate", "-f", "-s", filepath.Join(dir, "state"), config)
	o.call()
	contains(t, fileText(log+".1"), `"@message":"serving"`, `"method":"tools/call"`)
	if now := fileText(log); strings.Contains(now, "serving") || !strings.Contains(now, `"method":"tools/call"`) {
		t.Errorf("the new file holds %s", now)
	}
}
