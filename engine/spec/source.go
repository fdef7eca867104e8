package spec

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// source is the text that nodes point into.
type source struct {
	file  string
	text  string
	lines []string
	fixes map[int][]fix // by line
	ends  map[int]int   // the column after the end of a line, once it was asked for
}

// fix is a value that was put into quotes so that reading could go on.
type fix struct {
	column, length int    // of the value as written, in characters
	text           string // the value in quotes
}

func newSource(file string, src []byte) *source {
	return &source{
		file: file, text: string(src), lines: splitLines(string(src)),
		fixes: map[int][]fix{}, ends: map[int]int{},
	}
}

// splitLines cuts at the line breaks that YAML 1.1 knows. There is always at least one line.
func splitLines(s string) []string {
	var lines []string
	start := 0
	for i := 0; i < len(s); {
		size := breakAt(s[i:])
		if size == 0 {
			i++
			continue
		}
		lines = append(lines, s[start:i])
		i += size
		start = i
	}
	return append(lines, s[start:])
}

// breakAt is the length of the line break that s begins with.
func breakAt(s string) int {
	switch s[0] {
	case '\n':
		return 1
	case '\r':
		if len(s) > 1 && s[1] == '\n' {
			return 2
		}
		return 1
	case 0xc2, 0xe2:
		for _, sep := range []string{"\u0085", "\u2028", "\u2029"} {
			if strings.HasPrefix(s, sep) {
				return len(sep)
			}
		}
	}
	return 0
}

// line is the 1-based line, empty outside of the file.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// pos turns a place in the repaired text into one in the file, always inside of it.
func (s *source) pos(line, column int) Pos {
	if line > len(s.lines) {
		line, column = len(s.lines), math.MaxInt
	}
	line = max(line, 1)
	shift := 0
	for _, f := range s.fixes[line] {
		start, size := f.column+shift, utf8.RuneCountInString(f.text)
		if column < start {
			break
		}
		if column < start+size {
			return s.clamp(line, f.column)
		}
		shift += size - f.length
	}
	return s.clamp(line, column-shift)
}

func (s *source) clamp(line, column int) Pos {
	end, ok := s.ends[line]
	if !ok {
		end = utf8.RuneCountInString(s.line(line)) + 1
		s.ends[line] = end
	}
	return Pos{File: s.file, Line: line, Column: min(max(column, 1), end)}
}

// fixAt tells whether the value at the place was put into quotes.
func (s *source) fixAt(p Pos) bool {
	for _, f := range s.fixes[p.Line] {
		if f.column == p.Column {
			return true
		}
	}
	return false
}

// repair puts a value into quotes. It refuses a value that was repaired before, wholly or in part.
func (s *source) repair(at Pos, f fix) bool {
	for _, g := range s.fixes[at.Line] {
		if f.column < g.column+g.length && g.column < f.column+f.length {
			return false
		}
	}
	fixes := append(slices.Clone(s.fixes[at.Line]), f)
	slices.SortFunc(fixes, func(a, b fix) int { return a.column - b.column })
	s.fixes[at.Line] = fixes
	return true
}

// repairedLine is a line with its fixes.
func (s *source) repairedLine(n int) string {
	line := s.line(n)
	if len(s.fixes[n]) == 0 {
		return line
	}
	runes, from := []rune(line), 0
	var b strings.Builder
	for _, f := range s.fixes[n] {
		b.WriteString(string(runes[from : f.column-1]))
		b.WriteString(f.text)
		from = f.column - 1 + f.length
	}
	b.WriteString(string(runes[from:]))
	return b.String()
}

// repaired is the whole text with its fixes.
func (s *source) repaired() string {
	if len(s.fixes) == 0 {
		return s.text
	}
	lines := make([]string, len(s.lines))
	for i := range s.lines {
		lines[i] = s.repairedLine(i + 1)
	}
	return strings.Join(lines, "\n")
}
