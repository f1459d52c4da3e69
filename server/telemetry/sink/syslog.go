package sink

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// SyslogOptions say how a syslog daemon is reached and what it is told.
type SyslogOptions struct {
	// Network is "unixgram", "udp" or "tcp", and Address the path of the socket, or
	// host and port.
	Network, Address string
	Facility         string // such as "daemon" or "local0"
	Tag              string // name of the program that daemons sort by
}

// facilities are the names of syslog's facilities, each at its number (RFC 5424,
// section 6.2.1).
var facilities = strings.Fields("kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7")

// maxSyslog is the longest text of a message, in bytes: what daemons take unless
// they are told otherwise, and a datagram holds.
const maxSyslog = 8 << 10

// ToSyslog returns a sink that sends lines to a syslog daemon: in the form of RFC
// 3164 to a local one, in that of RFC 5424 over a network.
func ToSyslog(level hclog.Level, o SyslogOptions) *Sink {
	host, err := os.Hostname()
	if err != nil {
		host = "-"
	}
	facility, pid := max(0, slices.Index(facilities, o.Facility)), os.Getpid()
	return toDaemon(level, &daemon{network: o.Network, address: o.Address, frame: func(severity int, text []byte) []byte {
		text = cut(bytes.ReplaceAll(text, []byte("\n"), []byte(" ")), maxSyslog)
		priority := facility<<3 | severity
		if o.Network == "unixgram" {
			return fmt.Appendf(nil, "<%d>%s %s[%d]: %s", priority, time.Now().Format(time.Stamp), o.Tag, pid, text)
		}
		line := fmt.Appendf(nil, "<%d>1 %s %s %s %d - - %s", priority, time.Now().Format("2006-01-02T15:04:05.000000Z07:00"), host, o.Tag, pid, text)
		if o.Network == "tcp" { // RFC 6587, section 3.4.1
			line = append([]byte(strconv.Itoa(len(line))+" "), line...)
		}
		return line
	}})
}
