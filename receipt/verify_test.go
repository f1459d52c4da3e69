package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// chainOf writes a chain in several files with signatures among its records, and
// returns the folder.
func chainOf(t testing.TB, entries int) string {
	t.Helper()
	dir := t.TempDir()
	o := options(t, dir)
	o.FileSize = 4000
	l, err := prepare(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		l.Add(entry(i))
		if err := l.write(l.take(i%5 == 4)); err != nil {
			t.Fatal(err)
		}
	}
	go l.run()
	closeLog(t, l)
	return dir
}

// split is the lines of a file with their newlines.
func split(data []byte) [][]byte { return bytes.SplitAfter(bytes.TrimSuffix(data, nil), []byte("\n")) }

func TestVerifyFindsWhatWasAltered(t *testing.T) {
	for _, c := range []struct {
		name  string
		alter func(lines [][]byte) [][]byte
		want  string
	}{
		{"a record that was changed", func(l [][]byte) [][]byte {
			l[4] = bytes.Replace(l[4], []byte("ada"), []byte("eve"), 1)
			return l
		}, "it was changed: its hash does not fit what it says"},
		{"a record that was changed with its hash", func(l [][]byte) [][]byte {
			r, _ := parse(bytes.TrimSuffix(l[4], []byte("\n")))
			r.Who = "bearer:eve"
			l[4], _ = r.appendTo(nil, nil)
			return l
		}, "it does not follow the record before: one of them was replaced"},
		{"a record that was removed", func(l [][]byte) [][]byte { return slices.Delete(l, 4, 5) }, "record 5 is missing before it"},
		{"records that were removed", func(l [][]byte) [][]byte { return slices.Delete(l, 4, 7) }, "records 5 to 7 are missing before it"},
		{"records in another order", func(l [][]byte) [][]byte { l[4], l[5] = l[5], l[4]; return l }, "record 5 stands after record 6"},
		{"a record that stands twice", func(l [][]byte) [][]byte { return slices.Insert(l, 5, l[4]) }, "record 5 stands after record 5"},
		{"a line that is none", func(l [][]byte) [][]byte { return slices.Insert(l, 5, []byte("{}\n")) }, "it is not a record"},
		{"the first record is gone", func(l [][]byte) [][]byte { return l[1:] }, "it does not begin with the first record"},
		{"the last line is cut", func(l [][]byte) [][]byte {
			last := len(l) - 2
			l[last] = l[last][:40]
			return l[:last+1]
		}, "the last line is cut off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := chainOf(t, 8)
			path := files(t, dir)[0]
			data, _ := os.ReadFile(path)
			os.WriteFile(path, bytes.Join(c.alter(split(data)), nil), 0o600)
			r := verify(t, dir)
			if !slices.ContainsFunc(r.Problems, func(p Problem) bool { return strings.Contains(p.Text, c.want) && p.File == path }) {
				t.Errorf("problems %+v, want one with %q", r.Problems, c.want)
			}
		})
	}
}

// TestNobodyWithoutTheKeyCanWriteTheChainAnew changes a record and computes all
// hashes after it again.
func TestNobodyWithoutTheKeyCanWriteTheChainAnew(t *testing.T) {
	_, own, _ := ed25519.GenerateKey(rand.Reader)
	for _, c := range []struct {
		name  string
		key   ed25519.PrivateKey
		forge func(*Record) bool // whether the record stays
		want  string
	}{
		{"signatures by another key", own, func(*Record) bool { return true }, "the signature of record"},
		{"signatures left out", own, func(r *Record) bool { return r.Kind != Sign && r.Kind != End }, "there is no signature that holds in the whole chain"},
		{"all but the first left out", nil, func(r *Record) bool { return r.Seq < 3 || r.Kind != Sign && r.Kind != End }, "have no signature, though one was due"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			o := options(t, dir)
			o.SignEvery = 10 * time.Minute
			l := openLog(t, o)
			for range 1000 {
				l.Add(entry(1)) // each a second after the other
			}
			real := l.key
			closeLog(t, l)
			path := files(t, dir)[0]
			data, _ := os.ReadFile(path)
			var out []byte
			prev, seq := strings.Repeat("0", 64), uint64(0)
			key := c.key
			for _, line := range split(data) {
				r, err := parse(bytes.TrimSuffix(line, []byte("\n")))
				if err != nil || !c.forge(r) {
					continue
				}
				if r.Kind == Call {
					r.Who = "bearer:eve"
				}
				seq++
				r.Seq, r.Prev = seq, prev
				if c.key == nil {
					key = real // only of what stays as it was
				}
				out, prev = r.appendTo(out, key)
			}
			os.WriteFile(path, out, 0o600)
			r := verify(t, dir)
			if len(r.Problems) == 0 || !slices.ContainsFunc(r.Problems, func(p Problem) bool { return strings.Contains(p.Text, c.want) }) {
				t.Errorf("problems %+v, want one with %q", r.Problems, c.want)
			}
		})
	}
}

func TestVerifyWithAGivenKey(t *testing.T) {
	dir := chainOf(t, 3)
	key, err := ReadPublicKey(filepath.Join(dir, KeyName+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(files(t, dir), key); err != nil || len(r.Problems) > 0 {
		t.Errorf("the key itself: %+v, %v", r.Problems, err)
	}
	other, _, _ := ed25519.GenerateKey(rand.Reader)
	r, err := Verify(files(t, dir), other)
	if err != nil || len(r.Problems) == 0 || !strings.Contains(r.Problems[0].Text, "is not signed with the given key") {
		t.Errorf("another key: %+v, %v", r.Problems, err)
	}
}

func TestAChainThatWasRemoved(t *testing.T) {
	dir := t.TempDir()
	var logs []*Log
	o := options(t, dir)
	for range 3 {
		logs = append(logs, openLog(t, o))
	}
	for _, l := range logs {
		closeLog(t, l)
	}
	all := files(t, dir)
	middle := slices.IndexFunc(all, func(p string) bool { return strings.Contains(p, logs[1].chain) })
	r, err := Verify(slices.Delete(all, middle, middle+1), nil)
	if err != nil || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Text, logs[1].chain+", which went before it, is not among the files") {
		t.Errorf("problems %+v, %v", r.Problems, err)
	}
}

// TestVerifyFindsAnyTampering alters a chain at random. Only what leaves the
// first records of the chain as they were and ends at a signature may pass: that
// is a chain that was not closed.
func TestVerifyFindsAnyTampering(t *testing.T) {
	dir := chainOf(t, 60)
	paths := files(t, dir)
	if len(paths) < 3 {
		t.Fatalf("%d files", len(paths))
	}
	var whole [][]byte
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, data)
	}
	rapid.Check(t, func(rt *rapid.T) {
		scratch, err := os.MkdirTemp(dir, "altered")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(scratch)
		n := rapid.IntRange(0, len(paths)-1).Draw(rt, "file")
		altered := tamper(rt, whole[n])
		if bytes.Equal(altered, whole[n]) {
			return
		}
		var list []string
		for i, p := range paths {
			data := whole[i]
			if i == n {
				data = altered
			}
			path := filepath.Join(scratch, filepath.Base(p))
			if err := os.WriteFile(path, data, 0o600); err != nil {
				rt.Fatal(err)
			}
			list = append(list, path)
		}
		r, err := Verify(list, nil)
		if err != nil {
			rt.Fatal(err)
		}
		if len(r.Problems) > 0 {
			return
		}
		cutAtTheEnd := n == len(paths)-1 && bytes.HasPrefix(whole[n], altered)
		if !cutAtTheEnd || r.Chains[0].Closed {
			rt.Fatalf("nothing is found in\n%s", altered)
		}
	})
}

func tamper(rt *rapid.T, data []byte) []byte {
	data = slices.Clone(data)
	l := split(data)
	l = l[:len(l)-1] // what follows the last newline
	i := rapid.IntRange(0, len(l)-1).Draw(rt, "line")
	j := rapid.IntRange(0, len(l)-1).Draw(rt, "other line")
	switch rapid.SampledFrom([]string{"byte", "insert", "cut", "line", "swap", "repeat", "move", "tail"}).Draw(rt, "how") {
	case "byte":
		data[rapid.IntRange(0, len(data)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		return data
	case "insert":
		at := rapid.IntRange(0, len(data)).Draw(rt, "at")
		return slices.Insert(data, at, rapid.SliceOfN(rapid.Byte(), 1, 5).Draw(rt, "bytes")...)
	case "cut":
		from := rapid.IntRange(0, len(data)-1).Draw(rt, "from")
		to := min(len(data), from+rapid.IntRange(1, 2000).Draw(rt, "length"))
		return slices.Delete(data, from, to)
	case "line":
		l = slices.Delete(l, i, i+1)
	case "swap":
		l[i], l[j] = l[j], l[i]
	case "repeat":
		l = slices.Insert(l, j, l[i])
	case "move":
		line := l[i]
		l = slices.Insert(slices.Delete(l, i, i+1), min(j, len(l)-1), line)
	case "tail":
		l = l[:i]
	}
	return bytes.Join(l, nil)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"seq":1,"hash":""}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if r, err := parse(line); err == nil && r == nil {
			t.Error("neither a record nor an error")
		}
		isSigned(line, make([]byte, ed25519.PublicKeySize))
	})
}
