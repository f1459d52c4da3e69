package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/receipt"
)

// Receipts shows what a check of receipts has found.
func Receipts(w io.Writer, report *receipt.Report) error {
	var b strings.Builder
	for _, c := range report.Chains {
		chain(&b, c)
	}
	for _, p := range report.Problems {
		place := p.File
		if p.Line > 0 {
			place = fmt.Sprintf("%s:%d", p.File, p.Line)
		}
		fmt.Fprintf(&b, "%s: %s.\n", place, p.Text)
	}
	if n := len(report.Problems); n > 0 {
		fmt.Fprintf(&b, "\nThe receipts do not hold up: %s.\n", count(n, "problem"))
	} else {
		b.WriteString("The receipts hold up.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func chain(b *strings.Builder, c *receipt.Chain) {
	fmt.Fprintf(b, "Chain %s of %s, in %s\n", c.ID, c.Source, count(len(c.Files), "file"))
	fmt.Fprintf(b, "  records %d to %d, from %s to %s\n", c.FirstSeq, c.LastSeq, c.FirstAt.Format(time.RFC3339), c.LastAt.Format(time.RFC3339))
	fmt.Fprintf(b, "  %s, %s; key %s\n", count(c.Calls, "call"), count(c.Refusals, "refusal"), c.Key)
	if c.FirstSeq > 1 {
		fmt.Fprintf(b, "  The records before %d are not among the files.\n", c.FirstSeq)
	}
	if c.Lost > 0 {
		fmt.Fprintf(b, "  %s could not be written at the time.\n", count(int(c.Lost), "record"))
	}
	switch {
	case c.Closed:
		b.WriteString("  Closed: the last record is the end of the log.\n")
	case c.Unsigned > 0:
		fmt.Fprintf(b, "  Not closed: the server runs, or was killed. Not signed at the end: %s.\n", count(c.Unsigned, "record"))
	default:
		b.WriteString("  Not closed: the server runs, or was killed. All records are signed.\n")
	}
	b.WriteByte('\n')
}
