package receipt

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// graceOfSignatures is how much later than it is due a signature may come.
const graceOfSignatures = time.Minute

// maxLine is the longest line that is read.
const maxLine = 256 << 20

// Problem is something that does not hold up.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1; 0 for the file as a whole
	Text string `json:"text"`           // a sentence without its full stop
}

// Report is what [Verify] has found.
type Report struct {
	Chains   []*Chain  `json:"chains"`
	Problems []Problem `json:"problems"`
}

// Chain is what is there of one chain.
type Chain struct {
	ID       string    `json:"chain"`
	Source   string    `json:"source,omitempty"`
	Key      string    `json:"key"` // fingerprint
	Files    []string  `json:"files"`
	Records  int       `json:"records"`
	Calls    int       `json:"calls"`
	Refusals int       `json:"refusals"`
	Lost     uint64    `json:"lost"` // records that the log says it could not write
	FirstSeq uint64    `json:"first_seq"`
	LastSeq  uint64    `json:"last_seq"`
	FirstAt  time.Time `json:"first_at"`
	LastAt   time.Time `json:"last_at"`
	Unsigned int       `json:"unsigned"` // records after the last signature
	Closed   bool      `json:"closed"`   // the last record says that the log was closed
	After    string    `json:"after,omitempty"`
}

// Verify checks files of receipts, of any chains and in any order. key is the one
// that must have signed; with nil each chain's own will do, which shows that
// nobody without that key has altered it, but not whose key it is. The error is
// that a file cannot be read; what is wrong in files is in the report.
func Verify(paths []string, key ed25519.PublicKey) (*Report, error) {
	report := &Report{Problems: []Problem{}, Chains: []*Chain{}}
	var files []*file
	for _, path := range paths {
		first, err := begins(path)
		if err != nil {
			return nil, fmt.Errorf("read receipts: %w", err)
		}
		if first == nil || first.Kind != Begin {
			report.Problems = append(report.Problems, Problem{File: path, Line: 1, Text: "it does not begin with the first record of a file of receipts"})
			continue
		}
		files = append(files, &file{path: path, first: first})
	}
	slices.SortStableFunc(files, func(a, b *file) int {
		if c := strings.Compare(stampOf(a.path)+a.first.Chain, stampOf(b.path)+b.first.Chain); c != 0 {
			return c
		}
		return a.first.File - b.first.File
	})
	var walk *walker
	for _, f := range files {
		if walk == nil || walk.chain.ID != f.first.Chain {
			walk.finish()
			walk = newWalker(report, f.first, key)
		}
		if err := walk.file(f); err != nil {
			return nil, fmt.Errorf("read receipts: %w", err)
		}
	}
	walk.finish()
	report.unnamed()
	return report, nil
}

// unnamed looks for chains that another one says went before it. The first may
// have been removed with age.
func (r *Report) unnamed() {
	for _, c := range r.Chains[min(1, len(r.Chains)):] {
		named := slices.ContainsFunc(r.Chains, func(o *Chain) bool { return o.ID == c.After })
		if c.After != "" && !named {
			r.Problems = append(r.Problems, Problem{File: c.Files[0], Line: 1, Text: fmt.Sprintf("the chain %s, which went before it, is not among the files", c.After)})
		}
	}
}

// file is a file of receipts with its first record.
type file struct {
	path  string
	first *Record
}

// stampOf is the moment in the name of a file, by which chains are ordered.
func stampOf(path string) string {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	stamp, _, _ := strings.Cut(strings.TrimPrefix(name, filePrefix), "-")
	return stamp
}

// begins reads the first record of a file; nil when it has none that holds up.
func begins(path string) (*Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	line, err := bufio.NewReaderSize(f, 64<<10).ReadSlice('\n')
	if err != nil {
		return nil, nil // cut, or no file of receipts
	}
	var r Record
	if decode(line, &r) != nil || r.File < 1 {
		return nil, nil
	}
	return &r, nil
}

func newWalker(report *Report, first *Record, key ed25519.PublicKey) *walker {
	w := &walker{report: report, key: key, chain: &Chain{
		ID: first.Chain, Source: first.Source, FirstSeq: first.Seq, FirstAt: first.At, After: first.After,
		Files: []string{},
	}}
	report.Chains = append(report.Chains, w.chain)
	own, err := base64.StdEncoding.DecodeString(first.Key)
	w.own = ed25519.PublicKey(own)
	if err != nil || len(own) != ed25519.PublicKeySize {
		w.own = make([]byte, ed25519.PublicKeySize) // no signature holds
	}
	if w.key == nil {
		w.key = w.own
	}
	w.chain.Key = Fingerprint(w.own)
	w.due = time.Duration(first.Every)*time.Millisecond + graceOfSignatures
	return w
}

// each calls visit for each line of a file, without its newline; whole is false
// for a last line that has none.
func each(path string, visit func(number int, line []byte, whole bool)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	var line []byte
	for number := 1; ; number++ {
		line = line[:0]
		for {
			part, err := in.ReadSlice('\n')
			line = append(line, part...)
			if err == nil {
				break
			}
			if len(line) > maxLine {
				return fmt.Errorf("%s: line %d is longer than %d bytes", path, number, maxLine)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != io.EOF {
				return err
			}
			if len(line) > 0 {
				visit(number, line, false)
			}
			return nil
		}
		visit(number, bytes.TrimSuffix(line, []byte("\n")), true)
	}
}
