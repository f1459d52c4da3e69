package sink

import (
	"net"
	"time"

	"github.com/hashicorp/go-hclog"
)

const (
	sendTimeout = 5 * time.Second // for one message, or for a connection
	queuedBytes = 1 << 20         // of messages for a daemon on its way
)

// daemon is one that messages are sent to, each in a frame.
type daemon struct {
	network, address string
	frame            func(severity int, text []byte) []byte
	conn             net.Conn
	queue            *queue
}

// toDaemon returns a sink that sends lines to a daemon, and waits for it while it is
// away.
func toDaemon(level hclog.Level, d *daemon) *Sink {
	d.queue = newQueue(queuedBytes, func(q *queue) {
		q.each(d.send)
		if d.conn != nil {
			d.conn.Close()
		}
	})
	return spoken(level, d.queue, func(level hclog.Level, line []byte) { d.queue.put(severity(level), line) })
}

func (d *daemon) send(m message) error {
	if d.conn == nil {
		conn, err := net.DialTimeout(d.network, d.address, sendTimeout)
		if err != nil {
			return err
		}
		d.conn = conn
	}
	if lost := d.queue.lost(); lost != "" {
		if err := d.write(severity(hclog.Warn), []byte(lost)); err != nil {
			return err
		}
	}
	return d.write(m.severity, m.text)
}

func (d *daemon) write(severity int, text []byte) error {
	_ = d.conn.SetWriteDeadline(time.Now().Add(sendTimeout)) // fails where writing will
	_, err := d.conn.Write(d.frame(severity, text))
	if err != nil {
		d.conn.Close()
		d.conn = nil
	}
	return err
}

// cut bounds a text, so that no way is too narrow for it.
func cut(text []byte, most int) []byte {
	if len(text) <= most {
		return text
	}
	return append(text[:most:most], "…"...)
}
