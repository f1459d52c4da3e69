package sink

import (
	"fmt"
	"net"
	"os"
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

// Facilities are the names of syslog's facilities, each at its number (RFC 5424,
// section 6.2.1).
var facilities = strings.Fields("kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7")

const (
	sendTimeout = 5 * time.Second // for one message, or for a connection
	queuedBytes = 1 << 20         // of messages for a daemon on its way
)

type syslog struct {
	SyslogOptions
	facility int
	host     string
	pid      int
	conn     net.Conn
	queue    *queue
}

// ToSyslog returns a sink that sends lines to a syslog daemon: in the form of RFC
// 3164 to a local one, in that of RFC 5424 over a network.
func ToSyslog(level hclog.Level, o SyslogOptions) *Sink {
	host, err := os.Hostname()
	if err != nil {
		host = "-"
	}
	s := &syslog{SyslogOptions: o, host: host, pid: os.Getpid(), facility: 3}
	for number, name := range facilities {
		if name == o.Facility {
			s.facility = number
		}
	}
	s.queue = newQueue(queuedBytes, func(q *queue) {
		q.each(s.send)
		if s.conn != nil {
			s.conn.Close()
		}
	})
	return spoken(level, s.queue, func(level hclog.Level, line []byte) { s.queue.put(severity(level), line) })
}

func (s *syslog) send(m message) error {
	if s.conn == nil {
		conn, err := net.DialTimeout(s.Network, s.Address, sendTimeout)
		if err != nil {
			return err
		}
		s.conn = conn
	}
	if lost := s.queue.lost(); lost != "" {
		if err := s.write(severity(hclog.Warn), lost); err != nil {
			return err
		}
	}
	return s.write(m.severity, string(m.text))
}

func (s *syslog) write(severity int, text string) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(sendTimeout)) // fails where writing will
	_, err := s.conn.Write(s.frame(severity, strings.ReplaceAll(text, "\n", " ")))
	if err != nil {
		s.conn.Close()
		s.conn = nil
	}
	return err
}

func (s *syslog) frame(severity int, text string) []byte {
	priority := s.facility<<3 | severity
	if s.Network == "unixgram" {
		return fmt.Appendf(nil, "<%d>%s %s[%d]: %s", priority, time.Now().Format(time.Stamp), s.Tag, s.pid, text)
	}
	line := fmt.Sprintf("<%d>1 %s %s %s %d - - %s", priority, time.Now().Format("2006-01-02T15:04:05.000000Z07:00"), s.host, s.Tag, s.pid, text)
	if s.Network == "tcp" { // RFC 6587, section 3.4.1
		line = strconv.Itoa(len(line)) + " " + line
	}
	return []byte(line)
}
