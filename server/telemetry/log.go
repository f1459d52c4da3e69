package telemetry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/telemetry/sink"
)

// Logs is the log of one server: the console, and any sinks beside it.
type Logs struct {
	hclog.Logger // for everything of the server; its level is the console's

	all     hclog.InterceptLogger // the same
	console hclog.Logger          // for what a sink has to say of itself

	mu      sync.Mutex
	block   schemas.Log
	sinks   []placed
	closing sync.Once
}

// placed is a sink, and whether the level of the log is its level.
type placed struct {
	*sink.Sink
	follows bool
}

// NewLogs returns a log whose console lines go to w, without the sinks; see
// [Logs.Prepare].
func NewLogs(log schemas.Log, w io.Writer) *Logs {
	var together sync.Mutex
	options := func(level hclog.Level) *hclog.LoggerOptions {
		return &hclog.LoggerOptions{Level: level, Output: w, Mutex: &together, JSONFormat: log.Format == "json", TimeFormat: sink.TimeFormat}
	}
	l := &Logs{all: hclog.NewInterceptLogger(options(consoleLevel(log))), console: hclog.New(options(hclog.Info))}
	l.Logger = l.all
	return l
}

func consoleLevel(log schemas.Log) hclog.Level {
	if log.Console != nil && !*log.Console {
		return hclog.Off
	}
	return hclog.LevelFromString(log.Level)
}

// LogChange is sinks that have been opened and not put in place yet.
type LogChange struct {
	block schemas.Log
	same  bool // the sinks stay
	sinks []placed
}

// Prepare opens the sinks of a log block. Those that are there stay when it
// names the same.
func (l *Logs) Prepare(log schemas.Log, server string) (*LogChange, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &LogChange{block: log}
	if now := l.block; equalSinks(now, log) {
		c.same = true
		return c, nil
	}
	level := func(own string) (hclog.Level, bool) {
		if own == "" {
			return hclog.LevelFromString(log.Level), true
		}
		return hclog.LevelFromString(own), false
	}
	if f := log.File; f != nil {
		at, follows := level(f.Level)
		s, err := sink.ToFile(at, f.Format == "json", sink.NewFile(f.Path, sink.Rotation{Size: int64(f.MaxSize), Age: time.Duration(f.MaxAge), Keep: *f.Keep}))
		if err != nil {
			return nil, err
		}
		c.sinks = append(c.sinks, placed{s, follows})
	}
	if s := log.Syslog; s != nil {
		at, follows := level(s.Level)
		network, address, _ := schemas.SplitSyslog(s.Address) // the vocabulary has refused what it cannot split
		c.sinks = append(c.sinks, placed{sink.ToSyslog(at, sink.SyslogOptions{Network: network, Address: address, Facility: s.Facility, Tag: orName(s.Tag, server)}), follows})
	}
	if j := log.Journald; j != nil {
		at, follows := level(j.Level)
		c.sinks = append(c.sinks, placed{sink.ToJournal(at, sink.JournalSocket, orName(j.Tag, server)), follows})
	}
	if e := log.Elasticsearch; e != nil {
		at, follows := level(e.Level)
		c.sinks = append(c.sinks, placed{sink.ToElastic(at, l.elastic(e)), follows})
	}
	return c, nil
}

// equalSinks reports whether two blocks name the same sinks, so that nothing needs
// to be opened.
func equalSinks(a, b schemas.Log) bool {
	return reflect.DeepEqual(a.File, b.File) && reflect.DeepEqual(a.Syslog, b.Syslog) &&
		reflect.DeepEqual(a.Journald, b.Journald) && reflect.DeepEqual(a.Elasticsearch, b.Elasticsearch)
}

func orName(tag, server string) string {
	if tag == "" {
		return server
	}
	return tag
}

func (l *Logs) elastic(e *schemas.Elasticsearch) sink.ElasticOptions {
	return sink.ElasticOptions{
		URL: e.URL, Index: e.Index, Headers: e.Headers, Client: &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second, TLSClientConfig: Trust(e.CA)}},
		Flush: time.Duration(e.Flush), Buffer: int64(e.Buffer), Timeout: time.Duration(e.Timeout),
		Failed: func(err error) {
			if err != nil {
				l.console.Warn("log lines cannot be sent to Elasticsearch", "error", err)
			} else {
				l.console.Info("log lines are sent to Elasticsearch again")
			}
		},
	}
}

// Trust is the side of a client that trusts the authorities in PEM, or those of
// the system when there are none.
func Trust(authorities string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if authorities != "" {
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM([]byte(authorities)) // the vocabulary has refused what holds none
	}
	return c
}

// Commit puts a change in place, and closes the sinks that it replaces.
func (l *Logs) Commit(c *LogChange) {
	l.mu.Lock()
	l.all.SetLevel(consoleLevel(c.block))
	var old []placed
	if c.same {
		l.setLevel(hclog.LevelFromString(c.block.Level))
	} else {
		old, l.sinks = l.sinks, c.sinks
		for _, s := range l.sinks {
			l.all.RegisterSink(s.Sink)
		}
		for _, s := range old {
			l.all.DeregisterSink(s.Sink)
		}
	}
	l.block = c.block
	l.mu.Unlock()
	closeAll(old)
}

// Drop closes what a change has opened that is not put in place.
func (c *LogChange) Drop() {
	if !c.same {
		closeAll(c.sinks)
	}
}

func closeAll(sinks []placed) error {
	var all []error
	for _, s := range sinks {
		all = append(all, s.Close())
	}
	return errors.Join(all...)
}

// SetLevel sets the level until the next commit: of the console, and of every
// sink that has none of its own.
func (l *Logs) SetLevel(level hclog.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if consoleLevel(l.block) != hclog.Off {
		l.all.SetLevel(level)
	}
	l.setLevel(level)
}

func (l *Logs) setLevel(level hclog.Level) {
	for _, s := range l.sinks {
		if s.follows {
			s.SetLevel(level)
		}
	}
}

// Reopen opens log files anew.
func (l *Logs) Reopen() error {
	var all []error
	for _, s := range l.present() {
		all = append(all, s.Reopen())
	}
	return errors.Join(all...)
}

func (l *Logs) present() []placed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sinks)
}

// Close sends what is queued, if that does not take long, and closes the sinks.
func (l *Logs) Close() (err error) {
	l.closing.Do(func() { err = closeAll(l.present()) })
	return err
}
