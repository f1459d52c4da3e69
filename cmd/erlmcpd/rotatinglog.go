package main

import (
	"os"
	"sync"
)

// logSize is how large a log file grows, in bytes, before it becomes the older
// one. Only one older file is kept.
const logSize = 8 << 20

// rotatingLog appends to a file, and moves it aside when it is full. It is safe
// for concurrent use.
type rotatingLog struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
}

// Write appends p as a whole to one file. It never fails: what cannot be written
// is dropped, since a full disk must not end the server that logs.
func (l *rotatingLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil && l.size+int64(len(p)) > logSize {
		l.file.Close()
		l.file = nil
		_ = os.Rename(l.path, l.path+".1") // failing that, the file grows on
	}
	if l.file == nil && !l.open() {
		return len(p), nil
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	return len(p), nil
}

func (l *rotatingLog) open() bool {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return false
	}
	if info, err := f.Stat(); err == nil {
		l.size = info.Size()
	}
	l.file = f
	return true
}

// Close closes the file.
func (l *rotatingLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
