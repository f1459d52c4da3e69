package transport

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDetect(t *testing.T) {
	for first, want := range map[string]language{
		"GET / HTTP/1.1": speaksHTTP, "POST": speaksHTTP, "PRI * HTTP/2.0": speaksHTTP,
		"{": speaksJSON, "[": speaksJSON, " ": spaces, "\r": spaces, "\n": spaces, "\t": spaces,
		"\x16": unknown, "\x00": unknown, "get": unknown, "\xff": unknown, "1": unknown,
	} {
		if got := detect(first[0]); got != want {
			t.Errorf("%q: %d, want %d", first, got, want)
		}
	}
}

func readAll(r io.Reader, most int) (out []string, err error) {
	l := lines{from: r, most: most}
	for {
		line, err := l.next()
		if err != nil {
			return out, err
		}
		out = append(out, string(line))
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name, in string
		want     []string
		err      error
	}{
		{"one", "a\n", []string{"a"}, io.EOF},
		{"several, with blank lines and white space", "\n a \r\n\r\n\tb\n\n", []string{"a", "b"}, io.EOF},
		{"no newline at the end", "a\nb", []string{"a", "b"}, io.EOF},
		{"nothing", "", nil, io.EOF},
		{"a long one between short ones", "a\n" + long + "\nb\n", []string{"a", long, "b"}, io.EOF},
		{"too long", strings.Repeat("x", 10_000), nil, errLineTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"at once": strings.NewReader(c.in), "byte by byte": iotest.OneByteReader(strings.NewReader(c.in)), "in halves": iotest.HalfReader(strings.NewReader(c.in)),
			} {
				got, err := readAll(r, 6000)
				if strings.Join(got, "|") != strings.Join(c.want, "|") || !errors.Is(err, c.err) {
					t.Errorf("%s: %d lines %.40q, %v", name, len(got), got, err)
				}
			}
		})
	}
}

// pausing fails once with a deadline in the middle of what it reads.
type pausing struct {
	parts []string
}

func (p *pausing) Read(b []byte) (int, error) {
	if len(p.parts) == 0 {
		return 0, io.EOF
	}
	part := p.parts[0]
	p.parts = p.parts[1:]
	if part == "" {
		return 0, os.ErrDeadlineExceeded
	}
	return copy(b, part), nil
}

func TestALineIsWholeAfterADeadline(t *testing.T) {
	l := lines{from: &pausing{[]string{"ab", "", "cd\n"}}, most: 100}
	if _, err := l.next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("error = %v", err)
	}
	if line, err := l.next(); err != nil || string(line) != "abcd" {
		t.Errorf("%q, %v", line, err)
	}
}

func TestAnIdleReaderIsSmall(t *testing.T) {
	l := lines{from: strings.NewReader(strings.Repeat("x", 100_000) + "\n"), most: 1 << 20}
	if line, err := l.next(); err != nil || len(line) != 100_000 {
		t.Fatalf("%d bytes, %v", len(line), err)
	}
	l.next()
	if cap(l.buf) != smallLine {
		t.Errorf("it holds %d bytes", cap(l.buf))
	}
}

func TestALineIsAsLongAsItMayBe(t *testing.T) {
	for length, want := range map[int]error{100: nil, 101: errLineTooLong, smallLine - 1: errLineTooLong, 10 * smallLine: errLineTooLong} {
		l := lines{from: strings.NewReader(strings.Repeat("x", length) + "\n"), most: 100}
		if line, err := l.next(); err != want || err == nil && len(line) != length {
			t.Errorf("%d bytes: got %d, %v; want %v", length, len(line), err, want)
		}
	}
}

func FuzzFirstByte(f *testing.F) {
	f.Add([]byte("\r\n {}"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := peeked{Conn: &streams{in: io.NopCloser(bytes.NewReader(data))}}
		speaks, err := c.peek()
		if err != nil || speaks == unknown {
			return
		}
		rest, err := io.ReadAll(&c)
		if err != nil || !bytes.HasSuffix(data, rest) || len(rest) == 0 {
			t.Fatalf("%q became %q, %v", data, rest, err)
		}
		if detect(rest[0]) != speaks {
			t.Fatalf("%q begins with %q", rest, rest[0])
		}
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\n\nb"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, most uint8) {
		got, err := readAll(iotest.HalfReader(bytes.NewReader(data)), int(most)+smallLine)
		if err == io.EOF {
			var want []string
			for _, line := range bytes.Split(data, []byte("\n")) {
				if line = bytes.TrimSpace(line); len(line) > 0 {
					want = append(want, string(line))
				}
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Fatalf("%q became %q", data, got)
			}
		}
	})
}

func TestAClientIsAnAddressOrANetwork(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1:1234":                 "192.0.2.1",
		"[::ffff:192.0.2.1]:1234":        "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:1234":    "2001:db8:1:2::/64",
		"[2001:db8:1:2::1]:1":            "2001:db8:1:2::/64",
		"[2001:db8:1:3::1]:1":            "2001:db8:1:3::/64",
		"[::1]:1":                        "::1",
		"[fe80::1%eth0]:1":               "fe80::/64",
		"127.0.0.1:1":                    "127.0.0.1",
		"a place that is not an address": "a place that is not an address",
	} {
		if got := address(from); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
	}
}
