package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/erlmcp/erlmcp/diag"
)

// Diagnostics writes each diagnostic with the lines of source that it is about,
// and one that stands in the list twice only once. Sources holds files that were
// read; others are looked for on disk.
func Diagnostics(w io.Writer, s Style, list diag.List, sources map[string][]byte) {
	list.Sort()
	said := map[string]bool{}
	for i, d := range list {
		if said[d.Error()] {
			continue
		}
		said[d.Error()] = true
		if i > 0 {
			fmt.Fprintln(w)
		}
		diagnostic(w, s, d, sources)
	}
}

func diagnostic(w io.Writer, s Style, d *diag.Diagnostic, sources map[string][]byte) {
	color := Red
	if d.Severity == diag.Warning {
		color = Yellow
	}
	fmt.Fprintf(w, "%s %s\n", s.Paint(color+";"+Bold, d.Severity.String()+":"), s.Paint(Bold, d.Summary))
	if d.Range != nil {
		fmt.Fprintf(w, "  %s %s\n", s.Paint(Dim, "at"), d.Range)
		if !d.NoSource {
			snippet(w, s, color, d.Range, sources)
		}
	} else if d.Address != "" {
		fmt.Fprintf(w, "  %s %s\n", s.Paint(Dim, "in"), d.Address)
	}
	width := min(s.Width, 100)
	if d.Detail != "" {
		fmt.Fprint(w, wrap(shorten(d.Detail), "  ", width))
	}
	if d.Remedy != "" {
		fmt.Fprint(w, s.Paint(Cyan, strings.TrimRight(wrap(shorten(d.Remedy), "  ", width), "\n")), "\n")
	}
}

// longestWord is how much of a word without spaces is shown, in characters. Paths
// are longer at times; names that people read are not.
const longestWord = 120

// shorten cuts the middle out of words that nobody would read.
func shorten(text string) string {
	if len(text) <= longestWord {
		return text
	}
	words := strings.Split(text, " ")
	for i, w := range words {
		if r := []rune(w); len(r) > longestWord {
			words[i] = string(r[:longestWord/2]) + "…" + string(r[len(r)-longestWord/4:])
		}
	}
	return strings.Join(words, " ")
}

// snippet shows the line before the place, its first line, and a mark below it.
func snippet(w io.Writer, s Style, color string, r *diag.Range, sources map[string][]byte) {
	src, ok := sources[r.File]
	if !ok {
		if src, _ = os.ReadFile(r.File); src == nil {
			return
		}
	}
	lines := bytes.Split(src, []byte("\n"))
	if r.Start.Line < 1 || r.Start.Line > len(lines) {
		return
	}
	number := func(n int) string { return s.Paint(Dim, fmt.Sprintf("%4d │ ", n)) }
	if r.Start.Line > 1 && len(bytes.TrimSpace(lines[r.Start.Line-2])) > 0 {
		before, _ := window(printable(lines[r.Start.Line-2]), 1)
		fmt.Fprintf(w, "  %s%s\n", number(r.Start.Line-1), before)
	}
	full := printable(lines[r.Start.Line-1])
	line, cut := window(full, r.Start.Column)
	fmt.Fprintf(w, "  %s%s\n", number(r.Start.Line), line)
	end := r.End.Column
	if r.End.Line != r.Start.Line || end <= r.Start.Column {
		end = utf8.RuneCountInString(full) + 1
	}
	end = min(end-cut, utf8.RuneCountInString(line)+1)
	start := max(1, r.Start.Column-cut)
	fmt.Fprintf(w, "  %s%s%s\n", s.Paint(Dim, "     │ "), strings.Repeat(" ", start-1),
		s.Paint(color, strings.Repeat("^", max(1, end-start))))
}

// window is the part of a long line around a column, and how many characters of
// the line are left out before it.
func window(line string, column int) (string, int) {
	const most, lead = 160, 40
	r := []rune(line)
	if len(r) <= most {
		return line, 0
	}
	from := 0
	if column > most-lead {
		from = min(column-lead, len(r)-lead)
	}
	to := min(from+most, len(r))
	out := append([]rune{}, r[from:to]...)
	if from > 0 {
		out[0] = '…'
	}
	if to < len(r) {
		out[len(out)-1] = '…'
	}
	return string(out), from
}

// printable keeps a line of source from steering the terminal.
func printable(line []byte) string {
	return strings.TrimRight(visible(string(line)), " ·")
}

// visible is a line without what would command the terminal, or turn around the
// order of what follows.
func visible(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return '·'
		}
		return r
	}, strings.ToValidUTF8(line, "·"))
}

// DiagnosticJSON is the machine's form of a diagnostic.
type DiagnosticJSON struct {
	Severity string      `json:"severity"`
	Summary  string      `json:"summary"`
	Detail   string      `json:"detail,omitempty"`
	Remedy   string      `json:"remedy,omitempty"`
	Address  string      `json:"address,omitempty"`
	Range    *diag.Range `json:"range,omitempty"`
}

// DiagnosticsJSON converts a list for JSON output.
func DiagnosticsJSON(list diag.List) []DiagnosticJSON {
	list.Sort()
	out := make([]DiagnosticJSON, 0, len(list))
	for _, d := range list {
		out = append(out, DiagnosticJSON{d.Severity.String(), d.Summary, d.Detail, d.Remedy, d.Address, d.Range})
	}
	return out
}

// JSON writes a value as indented JSON.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
