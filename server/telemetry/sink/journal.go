package sink

import (
	"bytes"
	"encoding/binary"
	"net"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"
)

// JournalSocket is where journald listens.
const JournalSocket = "/run/systemd/journal/socket"

// maxJournal is the longest message that is sent to journald in a datagram, in
// bytes; a longer one is cut.
const maxJournal = 64 << 10

type journal struct {
	path, tag string
	conn      net.Conn
	queue     *queue
}

// ToJournal returns a sink that sends lines to journald by its native protocol
// (systemd.io/JOURNAL_NATIVE_PROTOCOL), at the path of its socket.
func ToJournal(level hclog.Level, path, tag string) *Sink {
	j := &journal{path: path, tag: tag}
	j.queue = newQueue(queuedBytes, func(q *queue) {
		q.each(j.send)
		if j.conn != nil {
			j.conn.Close()
		}
	})
	return spoken(level, j.queue, func(level hclog.Level, line []byte) { j.queue.put(severity(level), line) })
}

func (j *journal) send(m message) error {
	if j.conn == nil {
		conn, err := net.DialTimeout("unixgram", j.path, sendTimeout)
		if err != nil {
			return err
		}
		j.conn = conn
	}
	if lost := j.queue.lost(); lost != "" {
		if err := j.write(severity(hclog.Warn), []byte(lost)); err != nil {
			return err
		}
	}
	return j.write(m.severity, m.text)
}

func (j *journal) write(severity int, text []byte) error {
	if len(text) > maxJournal {
		text = append(bytes.Clone(text[:maxJournal]), "…"...)
	}
	var b bytes.Buffer
	b.WriteString("PRIORITY=" + strconv.Itoa(severity) + "\nSYSLOG_IDENTIFIER=" + j.tag + "\n")
	b.WriteString("MESSAGE\n")
	size := binary.LittleEndian.AppendUint64(nil, uint64(len(text))) // as the text may have several lines
	b.Write(size)
	b.Write(text)
	b.WriteByte('\n')
	_ = j.conn.SetWriteDeadline(time.Now().Add(sendTimeout)) // fails where writing will
	_, err := j.conn.Write(b.Bytes())
	if err != nil {
		j.conn.Close()
		j.conn = nil
	}
	return err
}
