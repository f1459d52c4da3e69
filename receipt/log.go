package receipt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

// Options are where a log is and how it is kept.
type Options struct {
	Folder    string // made when it is not there
	KeyFile   string // "" for [KeyName] in the folder
	Source    string // what the receipts are of, such as the name of a server
	SignEvery time.Duration
	FileSize  int64
	Keep      int  // files; 0 keeps all
	Wait      bool // Add waits for a slow disk rather than lose a record
	Now       func() time.Time
	// Failed hears of each failure to write, and of its end with nil.
	Failed func(error)
}

// Entry is what is to be recorded.
type Entry struct {
	Kind          string // [Call] or [Refusal]
	Who           string
	Method, Name  string
	Input, Output []byte // what went in and came out: only their digests are recorded; nil for none
	Contents      bool   // Input and Output, which are JSON, are recorded too
	Outcome       string
	Code          int
	Took          time.Duration
}

const (
	gather     = 10 * time.Millisecond  // how long records wait for others to be written with them
	retry      = 250 * time.Millisecond // after a failure
	maxPending = 4 << 20                // bytes that wait to be written
	keptBuffer = 1 << 20                // largest buffer that is used again
)

// Log appends records. It is safe for concurrent use.
//
// Records are written a moment after they were added, many at once: a process
// that is killed loses those of the last [gather]. A signature follows them, and
// forces them to the disk, every Options.SignEvery.
type Log struct {
	opts   Options
	key    ed25519.PrivateKey
	wake   chan struct{}
	quit   chan struct{}
	ended  chan struct{}
	file   *os.File // of the writer, with path and offset
	path   string
	offset int64

	mu       sync.Mutex
	room     sync.Cond // of pending
	chain    string
	number   int    // of the file that pending goes to
	seq      uint64 // of the last record
	prev     string // hash of the last record
	size     int64  // of the file with all that is pending
	unsigned int    // records after the last signature
	pending  []byte
	held     *Record // a refusal that is not in pending yet, as others like it may follow
	spare    []byte  // buffer for what comes after pending
	lost     uint64  // records that are not in the chain
	failure  error   // of the last attempt to write
	closed   bool
}

// Open opens the log of a folder, and goes on with the chain that is there. What
// a crash has cut off in the middle of a line is removed, and recorded. When
// another process still writes that chain, a new one is begun that names it.
func Open(opts Options) (*Log, error) {
	l, err := prepare(opts)
	if err == nil {
		go l.run() // ends with Close
	}
	return l, err
}

// prepare opens a log that nobody writes yet.
func prepare(opts Options) (*Log, error) {
	if err := os.MkdirAll(opts.Folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of receipts: %w", err)
	}
	if opts.KeyFile == "" {
		opts.KeyFile = opts.Folder + string(os.PathSeparator) + KeyName
	}
	l := &Log{opts: opts, wake: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{})}
	l.room.L = &l.mu
	var err error
	if l.key, err = loadKey(opts.KeyFile); err != nil {
		return nil, err
	}
	if err := l.resume(); err != nil {
		return nil, fmt.Errorf("open receipts in %s: %w", opts.Folder, err)
	}
	if err := l.write(l.take(true)); err != nil { // what does not work now will not work later
		l.file.Close()
		return nil, fmt.Errorf("write receipts in %s: %w", opts.Folder, err)
	}
	return l, nil
}

// Add records an entry. Its texts are clipped to some hundred bytes; none of it
// is used after Add has returned. Refusals that are alike, one right after the
// other, become one record with their number and the digests of the first, so that
// who is refused cannot fill the disk at will.
func (l *Log) Add(e Entry) {
	r := Record{
		At: l.opts.Now(), Kind: e.Kind, Who: clip(e.Who), Method: clip(e.Method), Name: clip(e.Name),
		Input: digest(e.Input), Output: digest(e.Output), Outcome: e.Outcome, Code: e.Code, Took: e.Took.Microseconds(),
	}
	if e.Contents {
		r.Request, r.Answer = json.RawMessage(e.Input), json.RawMessage(e.Output)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.opts.Wait && l.full() && l.failure == nil && !l.closed {
		l.room.Wait()
	}
	if l.full() || l.closed {
		l.lost++
		return
	}
	switch {
	case l.held != nil && r.alike(l.held):
		l.held.Count = max(l.held.Count, 1) + 1
		return
	case r.Kind == Refusal:
		l.release()
		l.held = &r
	default:
		l.release()
		l.append(&r)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// release puts the refusal that was held at the end of the chain. The caller
// holds mu.
func (l *Log) release() {
	if r := l.held; r != nil {
		l.held = nil
		l.append(r)
	}
}

// alike reports whether two refusals tell the same.
func (r *Record) alike(o *Record) bool {
	return r.Kind == Refusal && r.Who == o.Who && r.Method == o.Method && r.Name == o.Name && r.Outcome == o.Outcome && r.Code == o.Code
}

func (l *Log) full() bool { return len(l.pending) >= maxPending }

func clip(s string) string {
	if len(s) > maxName {
		return s[:maxName]
	}
	return s
}

func digest(data []byte) string {
	if data == nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// append puts a record at the end of the chain. The caller holds mu.
func (l *Log) append(r *Record) {
	if l.lost > 0 && r.Kind != Begin {
		n := l.lost
		l.lost = 0
		l.append(&Record{At: r.At, Kind: Lost, Count: n})
	}
	l.seq++
	r.Seq, r.Chain, r.Prev = l.seq, l.chain, l.prev
	before := len(l.pending)
	l.pending, l.prev = r.appendTo(l.pending, l.key)
	l.size += int64(len(l.pending) - before)
	l.unsigned++
	if r.Kind == Sign || r.Kind == End {
		l.unsigned = 0
	}
}

// Err says why records cannot be written now, or nil.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure != nil {
		return fmt.Errorf("receipts cannot be written: %w", l.failure)
	}
	return nil
}

// Close writes and signs what is left, and closes the file. It is an error when
// that does not succeed.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.release()
	l.append(&Record{At: l.opts.Now(), Kind: End})
	l.closed = true
	l.room.Broadcast()
	l.mu.Unlock()
	close(l.quit)
	<-l.ended
	return l.Err()
}

// batch is what is written at once.
type batch struct {
	data   []byte
	sync   bool // force it to the disk
	rotate bool // the next batch goes to a new file
}

// take takes what is pending, with a signature when it is time. When the file is
// full, the first record of the next one becomes what is pending then.
func (l *Log) take(sign bool) batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
	b := batch{rotate: l.size >= l.opts.FileSize && !l.closed}
	if (l.unsigned > 0 || l.lost > 0) && (sign || b.rotate) && !l.closed {
		l.append(&Record{At: l.opts.Now(), Kind: Sign})
	}
	b.data, b.sync = l.pending, sign || b.rotate || l.closed
	l.pending, l.spare = l.spare[:0], nil
	if b.rotate {
		l.number++
		l.size = 0
		l.append(l.beginning(""))
	}
	l.room.Broadcast()
	return b
}

func (l *Log) beginning(after string) *Record {
	public := l.key.Public().(ed25519.PublicKey)
	return &Record{At: l.opts.Now(), Kind: Begin, Source: l.opts.Source, File: l.number, Key: encodeKey(public), Every: l.opts.SignEvery.Milliseconds(), After: after}
}

// run writes until Close.
func (l *Log) run() {
	defer close(l.ended)
	defer func() { l.file.Close() }()
	tick := time.NewTicker(l.opts.SignEvery)
	defer tick.Stop()
	var gathered <-chan time.Time // when what has been added is to be written
	for {
		wake, sign := l.wake, false
		if gathered != nil {
			wake = nil // it is known that there is something
		}
		select {
		case <-wake:
			gathered = time.After(gather)
			continue
		case <-gathered:
			gathered = nil
		case <-tick.C:
			sign = true
		case <-l.quit:
			l.note(l.write(l.take(true)))
			return
		}
		if b := l.take(sign); !l.flush(b) {
			if l.Err() == nil {
				l.note(l.write(l.take(true)))
			}
			return
		}
	}
}

// flush writes a batch, again and again until that succeeds. It reports false
// when the log was closed meanwhile, after a last attempt.
func (l *Log) flush(b batch) bool {
	for {
		err := l.write(b)
		l.note(err)
		if err == nil {
			return true
		}
		select {
		case <-time.After(retry):
		case <-l.quit:
			l.note(l.write(b))
			return false
		}
	}
}

// note keeps the outcome of an attempt to write.
func (l *Log) note(err error) {
	l.mu.Lock()
	changed := (err == nil) != (l.failure == nil)
	l.failure = err
	if err != nil {
		l.room.Broadcast() // who waits need not wait for a disk that is full
	}
	l.mu.Unlock()
	if changed && l.opts.Failed != nil {
		l.opts.Failed(err)
	}
}
