package receipt

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Files are named by the moment when their chain began, the chain, and their
// number in it, so that names sort as files follow each other.
const (
	filePrefix = "receipts-"
	fileSuffix = ".jsonl"
	stampForm  = "20060102T150405Z"
)

// Files returns the files of receipts in a folder, in their order.
func Files(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if n := e.Name(); strings.HasPrefix(n, filePrefix) && strings.HasSuffix(n, fileSuffix) {
			out = append(out, filepath.Join(folder, n))
		}
	}
	slices.Sort(out)
	return out, nil
}

func encodeKey(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }

// stem is the name of a file of a chain without its number.
func stem(path string) string {
	return path[:strings.LastIndexByte(path, '-')+1]
}

func numbered(stem string, number int) string {
	return fmt.Sprintf("%s%06d%s", stem, number, fileSuffix)
}

// resume goes on with the newest chain in the folder, or begins one.
func (l *Log) resume() error {
	files, err := Files(l.opts.Folder)
	if err != nil {
		return err
	}
	after := ""
	for i := len(files) - 1; i >= 0; i-- {
		done, chain, err := l.resumeFile(files[i])
		if done || err != nil {
			return err
		}
		if chain != "" {
			after = chain
			break
		}
	}
	var id [8]byte
	rand.Read(id[:]) // never fails: see crypto/rand
	l.chain, l.number, l.prev = hex.EncodeToString(id[:]), 1, strings.Repeat("0", 64)
	path := numbered(filepath.Join(l.opts.Folder, filePrefix+l.opts.Now().UTC().Format(stampForm)+"-"+l.chain+"-"), 1)
	if err := l.create(path); err != nil {
		return err
	}
	l.append(l.beginning(after))
	return nil
}

// resumeFile goes on with a file. It is not done when another process has it or
// when the key is another one, and gives its chain then; nor when there is no
// record in it, and then it is removed.
func (l *Log) resumeFile(path string) (done bool, chain string, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false, "", err
	}
	defer func() {
		if !done {
			f.Close()
		}
	}()
	mine, err := lock(f)
	if err != nil {
		return false, "", err
	}
	first, err := firstRecord(f)
	if err != nil {
		return false, "", fmt.Errorf("%s does not begin as a file of receipts: %w; see erlmcp receipts verify, and move it away", path, err)
	}
	if first == nil && mine {
		return false, "", os.Remove(path)
	}
	if first == nil {
		return false, "", nil // another process has just made it
	}
	if !mine || first.Key != encodeKey(l.key.Public().(ed25519.PublicKey)) {
		return false, first.Chain, nil
	}
	line, end, size, err := lastLine(f)
	if err != nil {
		return false, "", err
	}
	last, err := parse(line)
	if err != nil {
		return false, "", fmt.Errorf("the last record of %s cannot be gone on from: %w; see erlmcp receipts verify, and move the file away", path, err)
	}
	l.file, l.path, l.offset, l.size = f, path, end, end
	l.chain, l.number, l.seq, l.prev = last.Chain, first.File, last.Seq, last.Hash
	if l.number == 0 || last.Chain != first.Chain {
		return false, "", fmt.Errorf("the records of %s do not belong together; see erlmcp receipts verify, and move the file away", path)
	}
	if err := f.Truncate(end); err != nil {
		return false, "", err
	}
	l.append(&Record{At: l.opts.Now(), Kind: Resume, Source: l.opts.Source, Count: uint64(size - end)})
	return true, "", nil
}

// firstRecord returns the record that a file begins with, or nil when there is
// no whole line.
func firstRecord(f *os.File) (*Record, error) {
	line, err := bufio.NewReader(f).ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errors.New("its first line is too long")
	}
	if err != nil {
		return nil, nil
	}
	r, err := parse(line[:len(line)-1])
	if err == nil && r.Kind != Begin {
		err = errors.New("its first record is of another kind")
	}
	return r, err
}

// lastLine returns the last whole line of a file without its newline, and where
// it ends. There is one.
func lastLine(f *os.File) (line []byte, end, size int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, 0, err
	}
	size = info.Size()
	last, err := newlineBefore(f, size)
	if err != nil {
		return nil, 0, 0, err
	}
	before, err := newlineBefore(f, last)
	if err != nil {
		return nil, 0, 0, err
	}
	line = make([]byte, last-before-1)
	_, err = f.ReadAt(line, before+1)
	return line, last + 1, size, err
}

// newlineBefore is where the last newline before a place is, or -1.
func newlineBefore(f *os.File, end int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for end > 0 {
		start := max(end-int64(len(buf)), 0)
		part := buf[:end-start]
		if _, err := f.ReadAt(part, start); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return start + int64(i), nil
		}
		end = start
	}
	return -1, nil
}

// create makes a new file the one that is written to.
func (l *Log) create(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = lock(f); err == nil { // before anybody can see it
		err = os.Link(f.Name(), path)
	}
	if err == nil {
		if err = syncFolder(filepath.Dir(path)); err != nil {
			os.Remove(path)
		}
	}
	if err != nil {
		f.Close()
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.path, l.offset = f, path, 0
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// write writes a batch at the end of the file. It can be called again with the
// same batch after an error: what was written of it is written over.
func (l *Log) write(b batch) error {
	if len(b.data) > 0 {
		if _, err := l.file.WriteAt(b.data, l.offset); err != nil {
			return err
		}
	}
	if b.sync {
		if err := l.file.Sync(); err != nil {
			return err
		}
	}
	if b.rotate {
		return l.rotate(b)
	}
	l.offset += int64(len(b.data))
	l.reuse(b.data)
	return nil
}

// rotate makes the next file, after the batch was written to this one.
func (l *Log) rotate(b batch) error {
	old := l.path
	name := strings.TrimSuffix(old[strings.LastIndexByte(old, '-')+1:], fileSuffix)
	number, err := strconv.Atoi(name)
	if err != nil {
		return fmt.Errorf("%s is not the name of a file of receipts", old)
	}
	if err := l.create(numbered(stem(old), number+1)); err != nil {
		return err
	}
	l.reuse(b.data)
	if err := l.tidy(); err != nil && l.opts.Failed != nil {
		l.opts.Failed(fmt.Errorf("remove old receipts: %w", err)) // they are in nobody's way
	}
	return nil
}

// reuse keeps the buffer of a batch that was written.
func (l *Log) reuse(data []byte) {
	if cap(data) > keptBuffer {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spare = data[:0]
}

// tidy removes files beyond those that are kept.
func (l *Log) tidy() error {
	if l.opts.Keep == 0 {
		return nil
	}
	files, err := Files(l.opts.Folder)
	if err != nil {
		return err
	}
	for len(files) > l.opts.Keep {
		if err := os.Remove(files[0]); err != nil {
			return err
		}
		files = files[1:]
	}
	return nil
}
