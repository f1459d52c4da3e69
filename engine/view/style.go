package view

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Style says how a stream wants its text.
type Style struct {
	Color bool // escape sequences for colour
	Live  bool // a terminal whose lines can be rewritten
	Width int  // columns; 120 where there is no terminal
}

// StyleOf looks at a stream and the environment: colour and live lines only on
// a terminal, none with NO_COLOR (no-color.org) or TERM=dumb.
func StyleOf(w io.Writer) Style {
	s := Style{Width: 120}
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return s
	}
	s.Live = true
	s.Color = os.Getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
		s.Width = width
	}
	return s
}

// Colours for [Style.Paint]; they read well on light and dark ground.
const (
	Bold    = "1"
	Dim     = "2"
	Red     = "31"
	Green   = "32"
	Yellow  = "33"
	Magenta = "35"
	Cyan    = "36"
)

// Paint wraps text in a colour when the style has colours.
func (s Style) Paint(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// elapsed is a duration as people read it: "0.4s", "12s", "3m05s".
func elapsed(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}

// count writes "1 server", "2 servers", "no servers".
func count(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// wrap breaks text into lines of at most width columns, each after indent.
// Lines that begin with a space are left as they are.
func wrap(text, indent string, width int) string {
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, " ") || line == "" {
			out.WriteString(strings.TrimRight(indent+line, " ") + "\n")
			continue
		}
		col := 0
		for _, word := range strings.Fields(line) {
			switch {
			case col == 0:
				out.WriteString(indent + word)
				col = len(indent) + len(word)
			case col+1+len(word) > width:
				out.WriteString("\n" + indent + word)
				col = len(indent) + len(word)
			default:
				out.WriteString(" " + word)
				col += 1 + len(word)
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}
