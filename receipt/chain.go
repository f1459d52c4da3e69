package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// walker goes along one chain and notes what does not hold up.
type walker struct {
	report *Report
	chain  *Chain
	key    ed25519.PublicKey // that must have signed
	own    ed25519.PublicKey // that the chain names

	path   string
	number int // of the file
	line   int // that is looked at
	prev   string
	seq    uint64
	due    time.Duration // within which a record must be signed
	since  time.Time     // of the first record after the last signature
	signed bool          // there was a signature
}

func decode(line []byte, r *Record) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	return dec.Decode(r)
}

func (w *walker) wrong(format string, args ...any) {
	w.report.Problems = append(w.report.Problems, Problem{File: w.path, Line: w.line, Text: fmt.Sprintf(format, args...)})
}

// file goes along the next file of the chain.
func (w *walker) file(f *file) error {
	w.path, w.line = f.path, 1
	switch {
	case w.number == 0 && f.first.File == 1 && f.first.Prev != strings.Repeat("0", 64):
		w.wrong("the first file of a chain follows another record")
	case w.number > 0 && f.first.File == w.number:
		w.wrong("there are two files number %d of the chain", w.number)
	case w.number > 0 && f.first.File == w.number+1 && w.chain.Unsigned > 0:
		w.wrong("the file before it does not end with a signature")
	case w.number > 0 && f.first.File != w.number+1:
		w.wrong("the chain has no file between number %d and number %d", w.number, f.first.File)
	}
	if w.number == 0 {
		w.seq, w.prev = f.first.Seq-1, f.first.Prev
		if f.first.File == 1 && f.first.Seq != 1 {
			w.wrong("the first file of the chain begins with record %d", f.first.Seq)
		}
	}
	w.number = f.first.File
	w.chain.Files = append(w.chain.Files, f.path)
	return each(f.path, w.record)
}

// record looks at one line.
func (w *walker) record(number int, line []byte, whole bool) {
	w.line = number
	if !whole {
		w.wrong("the last line is cut off; opening the log again repairs that")
		return
	}
	r, err := parse(line)
	if err != nil {
		w.wrong("%v", err)
		r = &Record{}
		if decode(line, r) != nil {
			w.seq, w.prev = w.seq+1, "" // what follows cannot be held against it
			return
		}
	}
	w.follows(r)
	switch {
	case (r.Kind == Begin) != (number == 1):
		w.wrong("a record of the kind %q stands where it cannot", r.Kind)
	case r.Kind == Begin:
		w.begins(r)
	case r.Kind == Sign || r.Kind == End:
		w.signature(line, r)
	}
	w.count(r)
	w.seq, w.prev = r.Seq, r.Hash
}

// follows checks that a record stands after the one before.
func (w *walker) follows(r *Record) {
	switch {
	case r.Chain != w.chain.ID:
		w.wrong("it is a record of another chain")
	case r.Seq > w.seq+1:
		w.wrong("%s missing before it", records(w.seq+1, r.Seq-1))
	case r.Seq <= w.seq:
		w.wrong("record %d stands after record %d", r.Seq, w.seq)
	case w.prev != "" && r.Prev != w.prev:
		w.wrong("it does not follow the record before: one of them was replaced")
	}
}

func records(from, to uint64) string {
	if from == to {
		return fmt.Sprintf("record %d is", from)
	}
	return fmt.Sprintf("records %d to %d are", from, to)
}

func (w *walker) begins(r *Record) {
	if r.Key != encodeKey(w.own) {
		w.wrong("the file names another key than the chain")
	}
}

func (w *walker) signature(line []byte, r *Record) {
	if !isSigned(line, w.key) {
		if bytes.Equal(w.key, w.own) {
			w.wrong("the signature of record %d does not hold", r.Seq)
		} else {
			w.wrong("record %d is not signed with the given key", r.Seq)
		}
		return
	}
	w.chain.Unsigned, w.signed = -1, true // count comes to 0 with this record
}

// finish looks at what is left without a signature at the end of the chain.
func (w *walker) finish() {
	if w == nil {
		return
	}
	c := w.chain
	switch span := c.LastAt.Sub(w.since); {
	case !w.signed:
		w.wrong("there is no signature that holds in the whole chain")
	case c.Unsigned > 0 && span > w.due:
		w.wrong("the last %d records have no signature, though one was due %s after the first of them: they may have been altered", c.Unsigned, (w.due - graceOfSignatures))
	}
}

func (w *walker) count(r *Record) {
	c := w.chain
	c.Records++
	if c.Unsigned++; c.Unsigned == 1 {
		w.since = r.At
	}
	c.LastSeq, c.LastAt, c.Closed = r.Seq, r.At, r.Kind == End
	switch r.Kind {
	case Call:
		c.Calls++
	case Refusal:
		c.Refusals += max(1, int(r.Count))
	case Lost:
		c.Lost += r.Count
	}
}
