package terminal_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/reporters/reportertest"
	"github.com/headgate-dev/headgate/reporters/terminal"
)

var update = flag.Bool("update", false, "write the golden files anew")

func samples() map[string]*engine.Report {
	return map[string]*engine.Report{
		"passed": reportertest.Passed(), "failed": reportertest.Failed(), "faulted": reportertest.Faulted(),
	}
}

func finished(t *testing.T, s terminal.Style, rep *engine.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := terminal.New(&b, s).Finish(rep); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	reportertest.Golden(t, *update, name, []byte(got))
}

func TestGolden(t *testing.T) {
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) { golden(t, name, finished(t, terminal.Style{}, rep)) })
	}
	t.Run("verbose", func(t *testing.T) {
		golden(t, "verbose", finished(t, terminal.Style{Verbose: true}, reportertest.Failed()))
	})
	t.Run("narrow", func(t *testing.T) {
		golden(t, "narrow", finished(t, terminal.Style{Width: 80}, reportertest.Failed()))
	})
}

// stripped is text without its colours.
func stripped(text string) string {
	for {
		from := strings.Index(text, "\x1b[")
		if from < 0 {
			return text
		}
		to := strings.Index(text[from:], "m")
		text = text[:from] + text[from+to+1:]
	}
}

func TestColoursChangeNothingElse(t *testing.T) {
	for name, rep := range samples() {
		plain := finished(t, terminal.Style{}, rep)
		coloured := finished(t, terminal.Style{Color: true}, rep)
		if strings.Contains(plain, "\x1b") {
			t.Errorf("%s: colours that nobody asked for", name)
		}
		if coloured == plain || stripped(coloured) != plain {
			t.Errorf("%s: %s", name, cmp.Diff(plain, stripped(coloured)))
		}
	}
}

func TestFitsOneScreen(t *testing.T) {
	rep := reportertest.Failed()
	i := slices.IndexFunc(rep.Gates, func(g gates.Result) bool { return len(g.Tree) > 0 })
	one := rep.Gates[i]
	for i := range 40 {
		g := one
		g.Name = fmt.Sprint("gate-", i)
		rep.Gates = append(rep.Gates, g)
		d := rep.Differences[0]
		d.Path = fmt.Sprintf("$.field%d", i)
		rep.Differences = append(rep.Differences, d)
		rep.Endpoints = append(rep.Endpoints, rep.Endpoints[0])
		rep.Notes = append(rep.Notes, fmt.Sprint("note ", i))
	}
	text := finished(t, terminal.Style{}, rep)
	if lines := strings.Count(text, "\n"); lines > 70 || strings.Count(text, "== 1 and ...") != 3 {
		t.Errorf("%d lines, %d trees:\n%s", lines, strings.Count(text, "== 1 and ..."), text)
	}
	all := finished(t, terminal.Style{Verbose: true}, rep)
	if !strings.Contains(all, "gate-39") || !strings.Contains(all, "$.field39") || !strings.Contains(all, "note 39") {
		t.Error("verbose leaves rows out")
	}
}

func TestLinesFitTheWidth(t *testing.T) {
	rep := reportertest.Failed()
	rep.Differences[0].Path = "$." + strings.Repeat("deeply.", 20) + "nested"
	rep.Differences[0].Samples[0].Expected = strings.Repeat("\u00e4", 300)
	rep.Endpoints[0].Endpoint = "GET /" + strings.Repeat("very-long/", 20)
	rep.Notes = append(rep.Notes, strings.Repeat("a long note ", 30))
	rep.Services[0].NewErrors[0].First = strings.Repeat("ERROR ", 60)
	for _, width := range []int{80, 120} {
		text := finished(t, terminal.Style{Width: width, Color: true}, rep)
		if !utf8.ValidString(text) {
			t.Error("a character is cut in two")
		}
		for line := range strings.Lines(stripped(text)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && !mayBeLong(line) {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
		}
	}
}

// mayBeLong tells which lines are never cut: what a user reads in full or copies.
func mayBeLong(line string) bool {
	for _, start := range []string{
		"FAILED", "hint:", "again", "artifacts", "note:", "time", "requests ", "    replay.", "    pay",
	} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}

// scene plays events to a reporter, each a tenth of a second after the one before.
func scene(s terminal.Style, events ...engine.Event) string {
	var b bytes.Buffer
	r := terminal.New(&b, s)
	now := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	for _, e := range events {
		now = now.Add(100 * time.Millisecond)
		if e.Time.IsZero() {
			e.Time = now
		}
		r.Event(e)
	}
	return b.String()
}

func progressed(sent int, at time.Time) engine.Event {
	return engine.Event{Kind: engine.Progressed, Phase: engine.Replay, Time: at, Progress: engine.Progress{
		Sent: sent, Planned: 320, Passed: sent - 1, P95: 6300 * time.Microsecond, Misses: 2,
	}}
}

func story() []engine.Event {
	failed := reportertest.Failed().Gates[3]
	return []engine.Event{
		{Kind: engine.RunStarted, Text: "orders"},
		{Kind: engine.PhaseEnded, Phase: engine.Backends, Text: "skipped: no backends"},
		{Kind: engine.PhaseStarted, Phase: engine.Sut, Attempt: 1},
		{Kind: engine.Note, Phase: engine.Sut, Text: "a note"},
		{Kind: engine.GateJudged, Phase: engine.Sut, Gate: &gates.Result{Name: "ready", Outcome: gates.Passed}},
		{Kind: engine.GateJudged, Phase: engine.Sut, Gate: &failed},
		{Kind: engine.PhaseEnded, Phase: engine.Sut, Attempt: 1, Text: "failed"},
		{Kind: engine.RolledBack, Phase: engine.Sut, Text: "status_pass_rate failed: back to sut"},
		{Kind: engine.PhaseStarted, Phase: engine.Sut, Attempt: 2},
		{Kind: engine.PhaseEnded, Phase: engine.Sut, Attempt: 2, Text: "passed"},
		{Kind: engine.PhaseStarted, Phase: engine.Replay, Attempt: 1},
		progressed(100, time.Time{}), progressed(200, time.Time{}), progressed(320, time.Time{}),
		{Kind: engine.PhaseEnded, Phase: engine.Replay, Attempt: 1, Text: "passed"},
		{Kind: engine.RunEnded, Text: "passed"},
	}
}

func TestStory(t *testing.T) {
	golden(t, "plain-story", scene(terminal.Style{}, story()...))
	golden(t, "live-story", strings.ReplaceAll(scene(terminal.Style{Live: true}, story()...), "\x1b", "ESC"))
}

func TestPlainProgressNowAndThen(t *testing.T) {
	begin := time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)
	var events []engine.Event
	for second := range 12 {
		events = append(events, progressed(10+second, begin.Add(time.Duration(second)*time.Second)))
	}
	events = append(events, progressed(320, begin.Add(time.Minute)))
	text := scene(terminal.Style{}, events...)
	if n := strings.Count(text, "\n"); n != 3 || !strings.HasPrefix(text, "    10/320 sent") {
		t.Errorf("%d lines:\n%s", n, text)
	}
}

func TestLiveLineIsErased(t *testing.T) {
	var b bytes.Buffer
	r := terminal.New(&b, terminal.Style{Live: true, Width: 80})
	r.Event(progressed(100, time.Now()))
	if strings.Contains(b.String(), "\n") || utf8.RuneCountInString(b.String()) >= 80 {
		t.Errorf("live line %q", b.String())
	}
	b.Reset()
	if err := r.Finish(reportertest.Passed()); err != nil || !strings.HasPrefix(b.String(), "\r\x1b[K") {
		t.Errorf("the live line stays: %q, %v", b.String()[:10], err)
	}
}

// closed is a terminal that is gone.
type closed struct{ writes int }

func (c *closed) Write([]byte) (int, error) {
	c.writes++
	return 0, errors.New("broken pipe")
}

func TestTerminalThatIsGone(t *testing.T) {
	out := &closed{}
	r := terminal.New(out, terminal.Style{})
	for _, e := range story() {
		r.Event(e)
	}
	if err := r.Finish(reportertest.Passed()); err == nil || err.Error() != "broken pipe" || out.writes != 1 {
		t.Errorf("error %v after %d writes", err, out.writes)
	}
}

func TestVerdictsWithoutACause(t *testing.T) {
	text := finished(t, terminal.Style{}, &engine.Report{Verdict: engine.Internal, Cause: "accounting is off: 3 planned"})
	if !strings.Contains(text, "INTERNAL  accounting is off: 3 planned\n") {
		t.Errorf("cause is cut:\n%s", text)
	}
}
