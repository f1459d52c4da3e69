package receipt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that moves on by a second with each look at it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(time.Second)
	return c.t
}

func options(t testing.TB, folder string) Options {
	return Options{
		Folder: folder, Source: "test", SignEvery: time.Hour, FileSize: 1 << 30,
		Now: (&clock{t: time.Unix(1_800_000_000, 0)}).now,
	}
}

func openLog(t testing.TB, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closeLog(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func entry(n int) Entry {
	return Entry{
		Kind: Call, Who: "bearer:ada", Method: "tools/call", Name: fmt.Sprintf("tool-%d", n), Input: []byte("in"), Output: []byte("out"),
		Outcome: OK, Took: 1500 * time.Microsecond,
	}
}

func files(t testing.TB, folder string) []string {
	t.Helper()
	list, err := Files(folder)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func verify(t testing.TB, folder string) *Report {
	t.Helper()
	r, err := Verify(files(t, folder), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sound fails unless nothing is wrong, and returns the only chain.
func sound(t testing.TB, folder string) *Chain {
	t.Helper()
	r := verify(t, folder)
	if len(r.Problems) > 0 || len(r.Chains) != 1 {
		t.Fatalf("problems %+v in %d chains", r.Problems, len(r.Chains))
	}
	return r.Chains[0]
}

func lines(t testing.TB, folder string) []string {
	t.Helper()
	var out []string
	for _, path := range files(t, folder) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")...)
	}
	return out
}

func TestWhatIsRecorded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "receipts")
	l := openLog(t, options(t, dir))
	l.Add(entry(1))
	l.Add(Entry{Kind: Refusal, Who: "192.0.2.1", Outcome: "auth", Code: 401})
	l.Add(Entry{Kind: Call, Method: "tools/call", Name: "a\nб\xff\"", Input: []byte("{\n\"a\": 1}"), Output: []byte(`{}`), Contents: true, Outcome: Failed, Code: -32602})
	closeLog(t, l)
	closeLog(t, l)  // again
	l.Add(entry(2)) // too late, and harmless
	c := sound(t, dir)
	if c.Calls != 2 || c.Refusals != 1 || c.Records != 6 || c.Unsigned != 0 || !c.Closed || c.Source != "test" || c.FirstSeq != 1 || c.LastSeq != 6 {
		t.Errorf("chain %+v", c)
	}
	got := lines(t, dir)
	for i, want := range []string{
		`"kind":"begin","source":"test","file":1,"key":"`, `"kind":"sign","prev":"`,
		`"at":"2027-01-15T08:00:04Z","kind":"call","who":"bearer:ada","method":"tools/call","name":"tool-1","input":"582967534d0f909d196b97f9e6921342777aea87b46fa52df165389db1fb8ccf","output":"762069bc07ab04a9a5fb5c0f4f0f8fc2ac6a7ad0cd3b2c9ff2ef5b5d9d4f6e0c"`,
		`"kind":"refusal","who":"192.0.2.1","outcome":"auth","code":401,"prev"`,
		`"name":"a\nб�\"","input":"`, `"kind":"end","prev":"`,
	} {
		if i == 2 {
			want = want[:strings.Index(want, `,"output"`)]
		}
		if !strings.Contains(got[i], want) {
			t.Errorf("line %d: %s\nlacks %s", i+1, got[i], want)
		}
	}
	if !strings.Contains(got[4], `"code":-32602,"request":{ "a": 1},"answer":{},"prev"`) {
		t.Errorf("contents: %s", got[4])
	}
	for _, name := range []string{KeyName, filepath.Base(files(t, dir)[0])} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	key, err := ReadPublicKey(filepath.Join(dir, KeyName+".pub"))
	if err != nil || Fingerprint(key) != c.Key {
		t.Errorf("public key: %v", err)
	}
}

func TestRefusalsThatAreAlikeShareARecord(t *testing.T) {
	dir := t.TempDir()
	l, err := prepare(options(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(who string, times int) {
		for range times {
			l.Add(Entry{Kind: Refusal, Who: who, Outcome: "auth", Code: 401})
		}
	}
	refuse("192.0.2.1", 1000)
	refuse("192.0.2.2", 1)
	refuse("192.0.2.1", 2)
	l.Add(entry(1))
	refuse("192.0.2.1", 1)
	l.write(l.take(false))
	refuse("192.0.2.1", 1)
	go l.run()
	closeLog(t, l)
	if c := sound(t, dir); c.Refusals != 1005 || c.Records != 9 {
		t.Errorf("chain %+v", c)
	}
}

func TestALogGoesOn(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		l := openLog(t, options(t, dir))
		l.Add(entry(1))
		closeLog(t, l)
	}
	if c := sound(t, dir); c.Calls != 3 || len(c.Files) != 1 || c.LastSeq != 12 {
		t.Errorf("chain %+v", c)
	}
}

// fill writes that many entries, each by itself.
func fill(t testing.TB, o Options, entries int) {
	t.Helper()
	l, err := prepare(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		l.Add(entry(i))
		if err := l.write(l.take(false)); err != nil {
			t.Fatal(err)
		}
	}
	go l.run()
	closeLog(t, l)
}

func TestFilesRotate(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	o.FileSize = 2000
	fill(t, o, 40)
	c := sound(t, dir)
	if len(c.Files) < 5 || c.Calls != 40 {
		t.Errorf("chain %+v", c)
	}
	for _, path := range c.Files {
		if info, _ := os.Stat(path); info.Size() > 4000 {
			t.Errorf("%s has %d bytes", path, info.Size())
		}
	}
	// The oldest can be removed, which the report shows; none between.
	r, err := Verify(c.Files[2:], nil)
	if err != nil || len(r.Problems) > 0 || r.Chains[0].FirstSeq < 2 {
		t.Errorf("without the oldest: %+v, %v", r, err)
	}
	r, err = Verify(append([]string{c.Files[0]}, c.Files[2:]...), nil)
	if err != nil || len(r.Problems) == 0 || !strings.Contains(r.Problems[0].Text, "no file between number 1 and number 3") {
		t.Errorf("without one between: %+v, %v", r.Problems, err)
	}
}

func TestOldFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	o.FileSize, o.Keep = 1000, 3
	fill(t, o, 30)
	if got := len(files(t, dir)); got != 3 {
		t.Errorf("%d files", got)
	}
	sound(t, dir)
}

// TestACrash cuts the file, as a crash may, at many places and around each end of
// a line, and opens the log again.
func TestACrash(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	l := openLog(t, o)
	l.Add(entry(1))
	closeLog(t, l)
	path := files(t, dir)[0]
	whole, _ := os.ReadFile(path)
	for n := 0; n <= len(whole); n++ {
		if near := string(whole[max(n-2, 0):min(n+2, len(whole))]); n%17 != 0 && !strings.Contains(near, "\n") {
			continue
		}
		// Kept as it was before the crash: the key.
		for _, f := range files(t, dir) {
			os.Remove(f)
		}
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		l := openLog(t, options(t, dir))
		l.Add(entry(2))
		closeLog(t, l)
		sound(t, dir)
		cut := n - 1 - strings.LastIndexByte(string(whole[:n]), '\n')
		repaired := strings.Contains(strings.Join(lines(t, dir), "\n"), fmt.Sprintf(`"kind":"resume","source":"test","count":%d,`, cut))
		if begun := strings.Contains(string(whole[:n]), "\n"); begun && cut > 0 && !repaired {
			t.Fatalf("%d bytes were cut off, and nothing says so: %v", cut, lines(t, dir))
		}
	}
}

func TestAnAlteredEndIsNotGoneOnFrom(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, options(t, dir))
	l.Add(entry(1))
	closeLog(t, l)
	path := files(t, dir)[0]
	data, _ := os.ReadFile(path)
	os.WriteFile(path, []byte(strings.Replace(string(data), `"kind":"end"`, `"kind":"End"`, 1)), 0o600)
	if _, err := Open(options(t, dir)); err == nil || !strings.Contains(err.Error(), "cannot be gone on from") || !strings.Contains(err.Error(), "receipts verify") {
		t.Errorf("error %v", err)
	}
}

func TestTwoProcessesWriteTwoChains(t *testing.T) {
	dir := t.TempDir()
	old := openLog(t, options(t, dir))
	next := openLog(t, options(t, dir))
	old.Add(entry(1))
	next.Add(entry(2))
	closeLog(t, old)
	closeLog(t, next)
	r := verify(t, dir)
	if len(r.Problems) > 0 || len(r.Chains) != 2 {
		t.Fatalf("report %+v", r)
	}
	by := map[string]*Chain{}
	for _, c := range r.Chains {
		by[c.ID] = c
	}
	if by[old.chain].After != "" || by[next.chain].After != old.chain {
		t.Errorf("the second chain does not name the first: %+v", by[next.chain])
	}
}

func TestAnotherKeyBeginsAnotherChain(t *testing.T) {
	dir := t.TempDir()
	closeLog(t, openLog(t, options(t, dir)))
	os.Remove(filepath.Join(dir, KeyName))
	os.Remove(filepath.Join(dir, KeyName+".pub"))
	closeLog(t, openLog(t, options(t, dir)))
	if r := verify(t, dir); len(r.Chains) != 2 || len(r.Problems) > 0 {
		t.Errorf("report %+v", r)
	}
}

func TestAKeyThatOthersCanRead(t *testing.T) {
	dir := t.TempDir()
	closeLog(t, openLog(t, options(t, dir)))
	os.Chmod(filepath.Join(dir, KeyName), 0o644)
	if _, err := Open(options(t, dir)); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("error %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	o.FileSize, o.SignEvery, o.Wait = 50_000, 5*time.Millisecond, true
	l := openLog(t, o)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				l.Add(entry(i))
			}
		})
	}
	wg.Wait()
	closeLog(t, l)
	if c := sound(t, dir); c.Calls != 4000 || c.Lost != 0 {
		t.Errorf("chain %+v", c)
	}
}

// fullDisk makes writing fail, as a full disk does, until the file is put back.
func fullDisk(t *testing.T, l *Log) (free func()) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	real := l.file
	l.file = full
	return func() { l.file = real; full.Close() }
}

func TestAFullDisk(t *testing.T) {
	dir := t.TempDir()
	o := options(t, dir)
	var failures []error
	o.Failed = func(err error) { failures = append(failures, err) }
	l, err := prepare(o)
	if err != nil {
		t.Fatal(err)
	}
	free := fullDisk(t, l)
	l.Add(entry(0))
	b := l.take(false)
	l.note(l.write(b))
	if err := l.Err(); err == nil || !strings.Contains(err.Error(), "no space left on device") {
		t.Errorf("error %v", err)
	}
	large := entry(0)
	large.Contents, large.Input, large.Output = true, []byte(`"`+strings.Repeat("x", 100_000)+`"`), []byte("{}")
	added := 0
	for ; !l.full(); added++ {
		l.Add(large)
	}
	for range 7 {
		l.Add(entry(0)) // there is no room left
	}
	free()
	l.note(l.write(b))
	if err := l.Err(); err != nil || len(failures) != 2 || failures[1] != nil {
		t.Errorf("afterwards: %v, %v", err, failures)
	}
	go l.run()
	closeLog(t, l)
	if c := sound(t, dir); c.Calls != added+1 || c.Lost != 7 {
		t.Errorf("%d calls, %d lost; want %d and 7", c.Calls, c.Lost, added+1)
	}
}

func TestAFolderThatCannotBeMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	os.WriteFile(path, nil, 0o600)
	if _, err := Open(options(t, filepath.Join(path, "receipts"))); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// BenchmarkAdd is the cost of a receipt to the call that it is of.
func BenchmarkAdd(b *testing.B) {
	o := options(b, b.TempDir())
	o.SignEvery, o.FileSize, o.Now, o.Wait = 10*time.Second, 64<<20, time.Now, true
	l := openLog(b, o)
	e := entry(1)
	e.Input, e.Output = make([]byte, 200), make([]byte, 200)
	b.ReportAllocs()
	for b.Loop() {
		l.Add(e)
	}
	b.StopTimer()
	closeLog(b, l)
}
