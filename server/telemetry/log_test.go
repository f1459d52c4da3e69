package telemetry

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
)

// block is a log block as a document holds it, with its defaults.
func block(t *testing.T, text string) schemas.Log {
	t.Helper()
	doc, err := schemas.Parse([]byte(`{"name":"a","log":` + text + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Log
}

// logs are open with that block, until the test ends.
func logs(t *testing.T, b schemas.Log, out *bytes.Buffer) *Logs {
	t.Helper()
	l := NewLogs(b, out)
	change(t, l, b)
	t.Cleanup(func() { l.Close() })
	return l
}

func change(t *testing.T, l *Logs, b schemas.Log) {
	t.Helper()
	c, err := l.Prepare(b, "a")
	if err != nil {
		t.Fatal(err)
	}
	l.Commit(c)
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log := logs(t, block(t, `{"level":"warn"}`), &out)
	part := log.With("server", "a")
	part.Info("quiet")
	part.Warn("loud", "n", 1)
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "[WARN]  loud: server=a n=1") {
		t.Errorf("got %q", got)
	}
	log.SetLevel(hclog.Debug)
	part.Debug("now")
	if !strings.Contains(out.String(), "now") {
		t.Error("a change of level did not reach a derived logger")
	}
}

func TestLoggerInJSON(t *testing.T) {
	var out bytes.Buffer
	logs(t, block(t, `{"format":"json"}`), &out).Info("hello", "n", 1)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["@message"] != "hello" || line["n"] != 1.0 || line["@level"] != "info" {
		t.Errorf("got %s, %v", out.String(), err)
	}
}

func TestSinksHaveLevelsOfTheirOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	file := func(level string) schemas.Log {
		return block(t, `{"level":"`+level+`","file":{"path":"`+path+`","level":"debug","format":"json"}}`)
	}
	var out bytes.Buffer
	log := logs(t, file("warn"), &out)
	log.With("part", "x").Debug("detail")
	change(t, log, file("error"))
	log.Warn("warning")
	if out.Len() != 0 {
		t.Errorf("the console has %q", out.String())
	}
	if got := read(t, path); !strings.Contains(got, `"@message":"detail","@timestamp"`) || !strings.Contains(got, `"part":"x"`) || !strings.Contains(got, "warning") {
		t.Errorf("the file holds %s", got)
	}
}

func TestTheLevelOfTheLogIsThatOfSinksWithoutOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	var out bytes.Buffer
	log := logs(t, block(t, `{"console":false,"file":{"path":"`+path+`"}}`), &out)
	log.Debug("one")
	log.SetLevel(hclog.Debug)
	log.Debug("two")
	change(t, log, block(t, `{"console":false,"level":"warn","file":{"path":"`+path+`"}}`))
	log.Info("three")
	log.Warn("four")
	if got := read(t, path); strings.Contains(got, "one") || !strings.Contains(got, "two") || strings.Contains(got, "three") || !strings.Contains(got, "four") {
		t.Errorf("the file holds %s", got)
	}
	if out.Len() != 0 {
		t.Errorf("the console is off, and has %q", out.String())
	}
}

func TestASinkThatIsTakenAwayHearsNoMore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	var out bytes.Buffer
	log := logs(t, block(t, `{"file":{"path":"`+path+`"}}`), &out)
	log.Info("one")
	change(t, log, block(t, `{}`))
	log.Info("two")
	if got := read(t, path); !strings.Contains(got, "one") || strings.Contains(got, "two") {
		t.Errorf("the file holds %s", got)
	}
}

func TestAFileThatCannotBeOpenedIsRefused(t *testing.T) {
	l := NewLogs(schemas.Log{}, &bytes.Buffer{})
	_, err := l.Prepare(block(t, `{"file":{"path":"/nowhere/a.log"}}`), "a")
	if err == nil || !strings.Contains(err.Error(), "open the log file: open /nowhere/a.log: no such file") {
		t.Errorf("got %v", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
