// Package terminal reports a run to a person: live while it goes on, and its result on one screen.
package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

// Style says how to draw.
type Style struct {
	// Live redraws one line with the progress; without it, plain lines are printed now and then.
	Live bool
	// Color uses ANSI colours.
	Color bool
	// Width of the terminal in columns; 0 means 100.
	Width int
	// Verbose shows every gate, also those that passed.
	Verbose bool
	// Timings shows how long everything took to come up.
	Timings bool
}

// plainEvery is how often progress is printed where it cannot be redrawn.
const plainEvery = 5 * time.Second

// Reporter writes to a terminal or a log.
type Reporter struct {
	style Style

	mu     sync.Mutex
	out    *painter
	drawn  bool
	last   time.Time
	marked time.Time
}

// New reports to out.
func New(out io.Writer, s Style) *Reporter {
	if s.Width == 0 {
		s.Width = 100
	}
	return &Reporter{style: s, out: &painter{to: out, color: s.Color}}
}

// Event shows what happens.
func (r *Reporter) Event(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.Kind {
	case engine.PhaseStarted:
		r.marked = e.Time
		r.say("%s %s%s", r.out.dim("-->"), e.Phase, again(e.Attempt))
	case engine.PhaseEnded:
		r.ended(e)
	case engine.Note:
		r.say("    %s", r.out.dim(r.cut(e.Text, 4)))
	case engine.GateJudged:
		r.judged(e.Gate)
	case engine.RolledBack:
		r.say("%s %s", r.out.yellow("<--"), e.Text)
	case engine.Progressed:
		r.progress(e)
	case engine.RunStarted, engine.RunEnded:
	}
}

func (r *Reporter) ended(e engine.Event) {
	if outcome, why, skipped := strings.Cut(e.Text, ": "); skipped {
		r.say("%s %s %s", r.out.dim("-->"), e.Phase, r.out.dim(outcome+": "+why))
		return
	}
	r.say("    %s after %s", r.outcome(gates.Outcome(e.Text)), seconds(e.Time.Sub(r.marked).Seconds()))
}

func (r *Reporter) judged(g *gates.Result) {
	bad := g.Outcome != gates.Passed && g.Outcome != gates.Skipped
	if !bad && !r.style.Verbose {
		return
	}
	r.say("    %s %s: %s", r.outcome(g.Outcome), g.Label(), r.cut(g.Why(), 20+len(g.Label())))
}

func (r *Reporter) progress(e engine.Event) {
	p := e.Progress
	done := p.Sent >= p.Planned
	line := fmt.Sprintf("%d/%d sent  %s as recorded  p95 %s  %d mock misses",
		p.Sent, p.Planned, percent(p.Passed, p.Sent), e.Progress.P95.Round(time.Millisecond), p.Misses)
	if r.style.Live {
		r.draw("    " + bar(p.Sent, p.Planned, 24) + " " + line)
		return
	}
	if e.Time.Sub(r.last) >= plainEvery && !done {
		r.last = e.Time
		r.say("    %s", line)
	}
}

// say prints a line of its own, above the live one.
func (r *Reporter) say(format string, args ...any) {
	r.erase()
	r.out.line(format, args...)
}

// draw replaces the live line.
func (r *Reporter) draw(text string) {
	r.erase()
	r.out.write(r.cut(text, 0))
	r.drawn = true
}

func (r *Reporter) erase() {
	if r.drawn {
		r.out.write("\r\x1b[K")
		r.drawn = false
	}
}

// cut shortens text so that it fits behind used columns.
func (r *Reporter) cut(text string, used int) string {
	room := max(20, r.style.Width-used-1)
	if runes := []rune(text); len(runes) > room {
		return string(runes[:room-3]) + "..."
	}
	return text
}

func (r *Reporter) outcome(o gates.Outcome) string {
	switch o {
	case gates.Passed:
		return r.out.green(string(o))
	case gates.Failed, gates.Errored:
		return r.out.red(string(o))
	case gates.Skipped:
		return r.out.dim(string(o))
	}
	return r.out.yellow(string(o))
}

func again(attempt int) string {
	if attempt < 2 {
		return ""
	}
	return fmt.Sprintf(" (attempt %d)", attempt)
}

func bar(n, of, width int) string {
	if of == 0 {
		return ""
	}
	full := min(width, n*width/of)
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}

func percent(n, of int) string {
	if of == 0 {
		return "-"
	}
	// Rounding down keeps one bad answer in a million from reading as 100 %.
	return fmt.Sprintf("%.1f%%", float64(n*1000/of)/10)
}

func seconds(s float64) string { return fmt.Sprintf("%.2fs", s) }
