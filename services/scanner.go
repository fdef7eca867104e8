package services

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// LogRules say which lines of a service's output are errors.
type LogRules struct {
	// Regular expression that finds the error lines.
	Error Pattern `yaml:"error"`
	// Regular expressions of error lines that are expected and do not count. Plain text matches where
	// it stands within a line.
	Allow []Pattern `yaml:"allow"`
}

// DefaultLogRules finds the words error, panic, fatal, exception and traceback in any case, and the
// names of exceptions such as NullPointerException and ValueError.
func DefaultLogRules() LogRules {
	return LogRules{
		Error: MustPattern(`(?i:\b(error|panic|fatal|traceback|\w*exception)\b)|\b[A-Z]\w*Error:`),
	}
}

// LogCounts are the counters of a [Scanner].
type LogCounts struct {
	// Lines counts all lines, build output left out.
	Lines int64
	// Errors counts the lines that match the error rule and are not allowed; the lines of a stack
	// trace count as one with its first.
	Errors int64
	// New counts those of Errors whose pattern is not among the known ones.
	New int64
}

// LogPattern is what error lines have in common once everything that differs from one run to the next is
// taken out of them.
type LogPattern struct {
	Text  string
	Count int64
	// Sample is the first line of the pattern, First when it was written.
	Sample string
	First  time.Time
	New    bool
}

// maxPatterns bounds the patterns that a Scanner keeps; further ones are counted under otherPattern.
const maxPatterns = 1000

const otherPattern = "<other patterns>"

// Scanner counts the error lines of one service and sorts them by pattern. It is safe for
// concurrent use.
type Scanner struct {
	rules LogRules
	known map[string]struct{}

	mu       sync.Mutex
	counts   LogCounts
	patterns map[string]*LogPattern
	traces   map[string]*trace
}

// NewScanner returns a scanner that takes the known patterns, as [Scanner.Patterns] gave them for an
// earlier run, for old.
func NewScanner(rules LogRules, known []string) *Scanner {
	if rules.Error.IsZero() {
		rules.Error = DefaultLogRules().Error
	}
	s := &Scanner{
		rules:    rules,
		known:    map[string]struct{}{},
		patterns: map[string]*LogPattern{},
		traces:   map[string]*trace{},
	}
	for _, k := range known {
		s.known[k] = struct{}{}
	}
	return s
}

// Feed is a [LogSink]. Build output is not scanned.
func (s *Scanner) Feed(l Line) {
	if l.Stream == "build" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Lines++
	t := s.traces[l.Stream]
	if t == nil {
		t = &trace{}
		s.traces[l.Stream] = t
	}
	isError := s.rules.Error.Match(l.Text)
	switch t.place(l.Text, isError) {
	case within:
		return
	case raised:
		isError = true
	case outside:
	}
	if isError && !s.allowed(l.Text) {
		s.count(l)
	}
}

func (s *Scanner) allowed(text string) bool {
	return slices.ContainsFunc(s.rules.Allow, func(p Pattern) bool { return p.Match(text) })
}

func (s *Scanner) count(l Line) {
	text := Normalize(l.Text)
	_, known := s.known[text]
	s.counts.Errors++
	if !known {
		s.counts.New++
	}
	p := s.patterns[text]
	if p == nil && len(s.patterns) >= maxPatterns {
		text = otherPattern
		p = s.patterns[text]
	}
	if p == nil {
		sample := strings.ToValidUTF8(l.Text[:min(len(l.Text), maxNormalized)], "")
		p = &LogPattern{Text: text, Sample: sample, First: l.Time, New: !known}
		s.patterns[text] = p
	}
	p.Count++
}

// Counts is a consistent copy of the counters.
func (s *Scanner) Counts() LogCounts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Patterns are the error patterns that were seen, new ones first, then by count, then by text.
func (s *Scanner) Patterns() []LogPattern {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]LogPattern, 0, len(s.patterns))
	for _, p := range slices.Sorted(maps.Keys(s.patterns)) {
		list = append(list, *s.patterns[p])
	}
	slices.SortStableFunc(list, func(a, b LogPattern) int {
		switch {
		case a.New != b.New && a.New:
			return -1
		case a.New != b.New:
			return 1
		}
		return int(b.Count - a.Count)
	})
	return list
}
