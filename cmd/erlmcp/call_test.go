package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A server that takes connections and says nothing is waited for no longer than
// asked.
func TestACallEndsInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(io.Discard, c)
		}
	}()
	var out, errs bytes.Buffer
	begun := time.Now()
	code := run([]string{"call", "-timeout", "200ms", l.Addr().String(), "tools/list"}, strings.NewReader(""), &out, &errs)
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if code != exitError || !strings.Contains(errs.String(), "no answer came within 200ms") {
		t.Errorf("exit %d: %s", code, &errs)
	}
}
