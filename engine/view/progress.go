package view

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
)

// Progress shows an apply while it runs: on a terminal one live line for each
// operation in flight, elsewhere plain lines as things begin, wait and end. It is
// an apply.Observer; Close it when the apply has ended.
type Progress struct {
	mu      sync.Mutex
	w       io.Writer
	style   Style
	running []*operation
	drawn   int // live lines on the screen
	stop    chan struct{}
	stopped sync.WaitGroup
}

type operation struct {
	step    plan.Step
	started time.Time
	message string
	said    time.Time // when a plain line was last written about it
}

// every is how often live lines are drawn anew.
const every = 100 * time.Millisecond

// patience is after how long a plain log hears again of an operation in flight.
const patience = 10 * time.Second

// NewProgress begins to show an apply.
func NewProgress(w io.Writer, s Style) *Progress {
	p := &Progress{w: w, style: s, stop: make(chan struct{})}
	p.stopped.Add(1)
	go p.tick()
	return p
}

// Close ends the live lines.
func (p *Progress) Close() {
	close(p.stop)
	p.stopped.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

// Stopping says that no further operation starts.
func (p *Progress) Stopping() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	fmt.Fprintln(p.w, p.style.Paint(Yellow, "Stopping: what is in flight is finished and recorded. Ctrl-C again abandons it."))
}

func (p *Progress) tick() {
	defer p.stopped.Done()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-ticker.C:
			p.mu.Lock()
			if p.style.Live {
				p.redraw(now)
			} else {
				p.remind(now)
			}
			p.mu.Unlock()
		}
	}
}

// StepStarted implements apply.Observer.
func (p *Progress) StepStarted(step plan.Step, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, &operation{step: step, started: at, said: at})
	if !p.style.Live {
		fmt.Fprintf(p.w, "%s: %s\n", step.Address, doing(step))
		return
	}
	p.redraw(at)
}

// StepProgress implements apply.Observer.
func (p *Progress) StepProgress(step plan.Step, message string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, op := range p.running {
		if op.step.ID != step.ID || op.message == message {
			continue
		}
		op.message = message
		if !p.style.Live {
			op.said = at
			fmt.Fprintf(p.w, "%s: %s\n", step.Address, oneLine(message))
		}
	}
}

// StepFinished implements apply.Observer.
func (p *Progress) StepFinished(step plan.Step, outcome apply.StepOutcome, err error, at time.Time, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, op := range p.running {
		if op.step.ID == step.ID {
			p.running = append(p.running[:i], p.running[i+1:]...)
			break
		}
	}
	if outcome == apply.Skipped && step.GoesOn() {
		return // that its beginning failed, or was not made, is told
	}
	p.erase()
	fmt.Fprintln(p.w, p.ended(step, outcome, err, took))
	if p.style.Live {
		p.redraw(at)
	}
}

func (p *Progress) ended(step plan.Step, outcome apply.StepOutcome, err error, took time.Duration) string {
	s := p.style
	sign, color, text := "✓", Green, done(step)
	switch outcome {
	case apply.Unchanged:
		text = "unchanged"
	case apply.Failed:
		sign, color, text = "✗", Red, "failed"
	case apply.Standing:
		sign, color, text = "·", Yellow, "stands at "+step.Stage.String()+", stopped"
	case apply.Skipped:
		sign, color, text = "·", Dim, "not done"
	}
	if outcome == apply.Skipped {
		if list := diag.FromError(err); len(list) > 0 {
			text += ": " + oneLine(list[0].Summary)
		}
	} else {
		text += " in " + elapsed(took)
	}
	if !s.Live {
		return fmt.Sprintf("%s: %s", step.Address, text)
	}
	return fmt.Sprintf("%s %s  %s", s.Paint(color+";"+Bold, sign), step.Address, s.Paint(Dim, text))
}

// remind says again, in a plain log, what has been in flight for long.
func (p *Progress) remind(now time.Time) {
	for _, op := range p.running {
		if now.Sub(op.said) < patience {
			continue
		}
		op.said = now
		line := fmt.Sprintf("%s: still %s after %s", op.step.Address, doing(op.step), elapsed(now.Sub(op.started)))
		if op.message != "" {
			line += ": " + oneLine(op.message)
		}
		fmt.Fprintln(p.w, line)
	}
}

func (p *Progress) erase() {
	if p.drawn > 0 {
		fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.drawn)
		p.drawn = 0
	}
}

// maxLive bounds the live lines, so that they fit on a small terminal.
const maxLive = 12

func (p *Progress) redraw(now time.Time) {
	p.erase()
	var b strings.Builder
	for i, op := range p.running {
		if i == maxLive {
			fmt.Fprintf(&b, "  … and %d more\n", len(p.running)-maxLive)
			p.drawn++
			break
		}
		text := fmt.Sprintf("%s  %s %s", op.step.Address, doing(op.step), elapsed(now.Sub(op.started)))
		if op.message != "" {
			text += "  " + oneLine(op.message)
		}
		if r := []rune(text); len(r) > p.style.Width-3 {
			text = string(r[:p.style.Width-4]) + "…"
		}
		frame := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")[int(now.Sub(op.started)/every)%10]
		b.WriteString(p.style.Paint(Cyan, string(frame)) + " " + text + "\n")
		p.drawn++
	}
	io.WriteString(p.w, b.String())
}

func doing(s plan.Step) string {
	return map[plan.Action]string{plan.Create: "creating", plan.Update: "updating", plan.Delete: "deleting"}[s.Action] + stageOf(s)
}

func done(s plan.Step) string {
	if s.Stage.Partial() {
		return "passed: " + s.Stage.String()
	}
	return map[plan.Action]string{plan.Create: "created", plan.Update: "updated", plan.Delete: "deleted"}[s.Action]
}

// stageOf says which stage of an update a step is, "" for a whole one.
func stageOf(s plan.Step) string {
	if s.Stage.Kind == "" {
		return ""
	}
	return ", " + s.Stage.String()
}

func oneLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return printable([]byte(line))
}
