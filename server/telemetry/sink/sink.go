package sink

import (
	"bytes"
	"io"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// TimeFormat is how lines tell the time.
const TimeFormat = "2006-01-02T15:04:05.000Z07:00"

// Sink is one destination of log lines. It is safe for concurrent use.
type Sink struct {
	lines hclog.SinkAdapter
	level hclog.Logger // the same, to set its level
	out   io.Closer
	file  *File // nil but for files

	mu  sync.Mutex
	say func(level hclog.Level, line []byte) // nil where lines are written as they are
	now hclog.Level
}

// Accept implements [hclog.SinkAdapter].
func (s *Sink) Accept(name string, level hclog.Level, msg string, args ...any) {
	if s.say == nil {
		s.lines.Accept(name, level, msg, args...)
		return
	}
	s.mu.Lock() // from the level to the line that belongs to it
	defer s.mu.Unlock()
	s.now = level
	s.lines.Accept(name, level, msg, args...)
}

// SetLevel sets the least level of the lines that are taken.
func (s *Sink) SetLevel(level hclog.Level) { s.level.SetLevel(level) }

// Reopen closes a file and opens what stands at its path now. Other sinks have
// nothing to reopen.
func (s *Sink) Reopen() error {
	if s.file == nil {
		return nil
	}
	return s.file.Reopen()
}

// Close gives back what the sink holds. What is queued is sent first, for a
// second at the most.
func (s *Sink) Close() error { return s.out.Close() }

// written is a sink whose lines are written to out.
func written(level hclog.Level, json bool, out io.WriteCloser) *Sink {
	s := &Sink{out: out}
	s.adapt(&hclog.LoggerOptions{Level: level, JSONFormat: json, TimeFormat: TimeFormat, Output: out})
	return s
}

// spoken is a sink whose lines are given to say, without time and line end, with
// the level of each.
func spoken(level hclog.Level, out io.Closer, say func(hclog.Level, []byte)) *Sink {
	s := &Sink{out: out, say: say}
	s.adapt(&hclog.LoggerOptions{Level: level, DisableTime: true, Output: writerFunc(func(line []byte) {
		line = bytes.TrimRight(line, "\n")
		if _, rest, ok := bytes.Cut(line, []byte("] ")); ok { // the level is told in another way
			line = bytes.TrimLeft(rest, " ")
		}
		s.say(s.now, line)
	})})
	return s
}

func (s *Sink) adapt(o *hclog.LoggerOptions) {
	s.lines = hclog.NewSinkAdapter(o)
	s.level = s.lines.(hclog.Logger) // as hclog makes them
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// severity is the level as syslog has it (RFC 5424, section 6.2.1).
func severity(level hclog.Level) int {
	switch level {
	case hclog.Error:
		return 3
	case hclog.Warn:
		return 4
	case hclog.Info:
		return 6
	}
	return 7
}
