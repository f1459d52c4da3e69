package sink

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Rotation says when a log file becomes an older one.
type Rotation struct {
	Size int64         // bytes a file holds at the most; 0 for any number
	Age  time.Duration // how old a file grows; 0 for any age
	Keep int           // older files that stay: PATH.1 is the newest of them
}

// File appends to a file, and moves it aside when it is full or old. It is safe
// for concurrent use.
type File struct {
	path     string
	rotation Rotation
	now      func() time.Time

	mu     sync.Mutex
	file   *os.File
	size   int64
	since  time.Time // of its first line
	closed bool
}

// NewFile returns a file that is opened, with mode 0600, when something is
// written to it.
func NewFile(path string, r Rotation) *File {
	return &File{path: path, rotation: r, now: time.Now}
}

// ToFile returns a sink that appends to the file, which it opens.
func ToFile(level hclog.Level, json bool, f *File) (*Sink, error) {
	f.mu.Lock()
	err := f.open()
	f.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("open the log file: %w", err)
	}
	s := written(level, json, f)
	s.file = f
	return s, nil
}

// Write appends p as a whole to one file. It never fails: what cannot be written
// is dropped, since a full disk must not end the server that logs.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return len(p), nil
	}
	if f.file != nil && f.due(int64(len(p))) {
		f.file.Close()
		f.file = nil
		f.moveAside() // failing that, the file grows on
	}
	if f.file == nil && f.open() != nil {
		return len(p), nil
	}
	n, _ := f.file.Write(p)
	f.size += int64(n)
	return len(p), nil
}

// due reports whether that many bytes more belong into another file.
func (f *File) due(more int64) bool {
	r := f.rotation
	return f.size > 0 && (r.Size > 0 && f.size+more > r.Size || r.Age > 0 && f.now().Sub(f.since) >= r.Age)
}

// moveAside makes the file the newest of the older ones.
func (f *File) moveAside() {
	older := func(n int) string { return f.path + "." + strconv.Itoa(n) }
	if f.rotation.Keep == 0 {
		_ = os.Remove(f.path)
		return
	}
	for n := f.rotation.Keep - 1; n > 0; n-- {
		_ = os.Rename(older(n), older(n+1)) // there may be fewer
	}
	_ = os.Rename(f.path, older(1))
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	f.file, f.size, f.since = file, 0, f.now()
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		f.size, f.since = info.Size(), info.ModTime() // its first line is older still
	}
	return nil
}

// Reopen closes the file and opens what stands at its path now, as another
// program may have moved it.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil
	}
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
	if err := f.open(); err != nil {
		return fmt.Errorf("reopen the log file: %w", err)
	}
	return nil
}

// Close closes the file. What is written afterwards is dropped.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
