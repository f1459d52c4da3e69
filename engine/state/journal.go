package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/seal"
)

// Entry is one line of the journal.
//
// The first is a header, which names the snapshot that the journal goes on from.
// Then each operation has a begin entry and, when its end is known, an end entry.
type Entry struct {
	Sequence int                        `json:"sequence"` // 1, 2, 3, …
	Kind     EntryKind                  `json:"kind"`
	Types    map[string]json.RawMessage `json:"types,omitempty"` // named in this entry for the first time

	// Of a header.
	Lineage  string            `json:"lineage,omitempty"`
	Base     uint64            `json:"base,omitempty"` // serial of the snapshot
	Revision int               `json:"revision,omitempty"`
	Holder   *Holder           `json:"holder,omitempty"`  // who applies
	Targets  []json.RawMessage `json:"targets,omitempty"` // that operations of this journal may reach

	// Of a begin or an end. An operation that failed and left it open what
	// exists has no end.
	Operation Operation         `json:"operation,omitempty"`
	Address   *address.Resource `json:"address,omitempty"`
	// Resource is what is wanted (begin, without its object) or what exists
	// (end); absent from an end when nothing does.
	Resource json.RawMessage `json:"resource,omitempty"`
}

// EntryKind tells the entries of a journal apart.
type EntryKind string

const (
	EntryHeader EntryKind = "header"
	EntryBegin  EntryKind = "begin"
	EntryEnd    EntryKind = "end"
)

// replay takes the entries into a snapshot.
func replay(s *Snapshot, entries []*Entry) error {
	var c resource.Codec
	for _, e := range entries {
		if err := c.Learn(e.Types); err != nil {
			return err
		}
		if e.Kind == EntryHeader {
			targets, err := decodeTargets(&c, e.Targets)
			if err != nil {
				return err
			}
			maps.Copy(s.Targets, targets)
			s.Revision = Revision{Number: e.Revision, Outcome: OutcomeInterrupted}
			began := Record{Number: e.Revision, Outcome: OutcomeInterrupted}
			if e.Holder != nil {
				began.At, began.Who, began.Operation = e.Holder.Since, e.Holder.Who, e.Holder.Operation
			}
			s.remember(began)
			continue
		}
		if e.Address == nil {
			return fmt.Errorf("entry %d has no address", e.Sequence)
		}
		var r *Resource
		if e.Resource != nil {
			var err error
			if r, err = DecodeResource(&c, e.Resource); err != nil {
				return err
			}
		}
		switch {
		case e.Kind == EntryEnd:
			s.end(*e.Address, r)
		case r == nil:
			return fmt.Errorf("entry %d has no resource", e.Sequence)
		default:
			s.begin(e.Operation, r)
		}
	}
	return nil
}

func (s *Snapshot) begin(op Operation, wanted *Resource) {
	s.Uncertain[wanted.Address] = &Uncertain{Operation: op, Resource: *wanted}
}

// end records what exists after an operation; nil for nothing.
func (s *Snapshot) end(a address.Resource, exists *Resource) {
	delete(s.Uncertain, a)
	if exists == nil {
		delete(s.Resources, a)
		return
	}
	s.Resources[a] = exists
}

// A line is a checksum of the entry's JSON, a space, and the JSON.
func encodeLine(e *Entry) ([]byte, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode journal entry %d: %w", e.Sequence, err)
	}
	line := make([]byte, 0, len(raw)+80)
	line = append(line, seal.Sum(raw)...)
	line = append(line, ' ')
	line = append(line, raw...)
	return append(line, '\n'), nil
}

func decodeLine(line []byte) (*Entry, error) {
	sum, raw, ok := bytes.Cut(line, []byte{' '})
	if !ok || string(sum) != seal.Sum(raw) {
		return nil, fmt.Errorf("its checksum does not hold")
	}
	var e Entry
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	return &e, nil
}

// parseJournal reads the lines of a journal. A last line that a crash cut short
// never became durable, so that what it was about never began or counts as not
// ended: it is left out. Any other damage is an error.
func parseJournal(data []byte) ([]*Entry, error) {
	var out []*Entry
	for len(data) > 0 {
		line, rest, whole := bytes.Cut(data, []byte{'\n'})
		e, err := decodeLine(line)
		switch {
		case err != nil && (!whole || len(rest) == 0):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("is damaged in line %d: %w", len(out)+1, err)
		case !whole:
			return out, nil
		case e.Sequence != len(out)+1:
			return nil, fmt.Errorf("is damaged in line %d: entry %d stands there", len(out)+1, e.Sequence)
		case (e.Kind == EntryHeader) != (len(out) == 0):
			return nil, fmt.Errorf("is damaged in line %d: a %s stands there", len(out)+1, e.Kind)
		}
		out = append(out, e)
		data = rest
	}
	return out, nil
}
