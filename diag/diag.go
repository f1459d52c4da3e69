package diag

import (
	"errors"
	"fmt"
	"sort"
	"strings"
)

// Severity tells whether a diagnostic stops what the user asked for.
type Severity uint8

const (
	Error   Severity = iota + 1 // the operation cannot go on
	Warning                     // the operation goes on; the user should know
)

// String is "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a file. Line and Column count from 1 (Column in Unicode
// characters), Byte from 0.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Range is a stretch of a file, End exclusive.
type Range struct {
	File  string `json:"file"`
	Start Pos    `json:"start"`
	End   Pos    `json:"end"`
}

// String is "file:line,column", as editors and terminals make it clickable.
func (r Range) String() string {
	return fmt.Sprintf("%s:%d,%d", r.File, r.Start.Line, r.Start.Column)
}

// Diagnostic is one thing that the user should know.
type Diagnostic struct {
	Severity Severity
	Summary  string // what is wrong, in a few words, no full stop
	Detail   string // sentences: what was found, what was expected
	Remedy   string // a sentence: what to do about it; may be empty
	Range    *Range // where, when it is in a file
	Address  string // the resource or block that it is about; may be empty
	// NoSource says that the file of the place may hold secrets, so that no line
	// of it may be shown.
	NoSource bool
}

// Errorf returns an error diagnostic without a place.
func Errorf(summary, detail string, args ...any) *Diagnostic {
	return &Diagnostic{Severity: Error, Summary: summary, Detail: fmt.Sprintf(detail, args...)}
}

// At returns d with its place set.
func (d *Diagnostic) At(r *Range) *Diagnostic { d.Range = r; return d }

// Fix returns d with its remedy set.
func (d *Diagnostic) Fix(format string, args ...any) *Diagnostic {
	d.Remedy = fmt.Sprintf(format, args...)
	return d
}

// Error is the diagnostic on one line, for logs and wrapped errors.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if d.Range != nil {
		b.WriteString(d.Range.String() + ": ")
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString(": " + d.Detail)
	}
	if d.Remedy != "" {
		b.WriteString(" " + d.Remedy)
	}
	return b.String()
}

// List is what an operation found, in no particular order until [List.Sort].
type List []*Diagnostic

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Sort orders by file, place, then summary, so that output is the same
// whatever the order of discovery.
func (l List) Sort() {
	sort.SliceStable(l, func(i, j int) bool {
		a, b := l[i], l[j]
		if (a.Range == nil) != (b.Range == nil) {
			return b.Range == nil
		}
		if a.Range != nil {
			if a.Range.File != b.Range.File {
				return a.Range.File < b.Range.File
			}
			if a.Range.Start.Byte != b.Range.Start.Byte {
				return a.Range.Start.Byte < b.Range.Start.Byte
			}
		}
		if a.Address != b.Address {
			return a.Address < b.Address
		}
		return a.Summary < b.Summary
	})
}

// Err is the list as an error; nil when it holds no error. Warnings ride along.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return listError(l)
}

type listError List

func (l listError) Error() string {
	lines := make([]string, 0, len(l))
	for _, d := range l {
		if d.Severity == Error {
			lines = append(lines, d.Error())
		}
	}
	return strings.Join(lines, "\n")
}

// Sentence is what err says, with one full stop at its end.
func Sentence(err error) string {
	return strings.TrimRight(err.Error(), ".") + "."
}

// Capital is a text with a capital first letter, as what a diagnostic says begins;
// errors begin with a small one.
func Capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Because gives d the words of an error: of a diagnostic in its chain the summary
// and the detail, and its place and remedy too.
func (d *Diagnostic) Because(err error) *Diagnostic {
	d.Detail = Sentence(err)
	var given *Diagnostic
	if errors.As(err, &given) {
		d.Range, d.Remedy, d.Detail = given.Range, given.Remedy, strings.TrimRight(Capital(given.Summary), ".")+"."
		if given.Detail != "" {
			d.Detail = Capital(given.Summary) + ": " + given.Detail
		}
	}
	return d
}

// FromError returns the diagnostics inside err: those of a [List] or a
// [Diagnostic] anywhere in its chain, else one that says what err says.
func FromError(err error) List {
	if err == nil {
		return nil
	}
	var l listError
	if errors.As(err, &l) {
		return List(l)
	}
	var d *Diagnostic
	if errors.As(err, &d) {
		return List{d}
	}
	return List{{Severity: Error, Summary: err.Error()}}
}
