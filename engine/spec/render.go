package spec

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

const (
	snippetWidth = 100 // columns of a source line that are shown
	leadWidth    = 40  // columns that are kept before the caret of a longer one
	tabWidth     = 4
)

// Render prints the findings in file order, each with its source line and a caret line below what is
// meant, and counts them at the end. source gives the content of a file; nil, or no content, leaves
// the lines out.
func Render(w io.Writer, ds Diagnostics, source func(file string) []byte, color bool) {
	if len(ds) == 0 {
		return
	}
	sorted := slices.Clone(ds)
	sorted.sort()
	r := renderer{w: w, source: source, color: color, files: map[string][]string{}}
	for _, d := range sorted {
		r.finding(d)
	}
	fmt.Fprintln(w, sorted.count())
}

// count says how many findings there are, such as 3 errors, 1 warning.
func (ds Diagnostics) count() string {
	errors, warnings := 0, 0
	for _, d := range ds {
		if d.Severity == Error {
			errors++
		} else {
			warnings++
		}
	}
	var parts []string
	if errors > 0 {
		parts = append(parts, plural(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, plural(warnings, "warning"))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

type renderer struct {
	w      io.Writer
	source func(file string) []byte
	color  bool
	files  map[string][]string // their lines
}

// The escape sequences of ECMA-48 for colours.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "1;33"
	cyan   = "36"
)

func (r *renderer) paint(code, text string) string {
	if !r.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (r *renderer) finding(d Diagnostic) {
	word, code := "error", red
	if d.Severity == Warning {
		word, code = "warning", yellow
	}
	fmt.Fprintf(r.w, "%s: %s: %s\n", r.paint(bold, d.Pos.String()), r.paint(code, word), printable(d.Message))
	gutter := "  "
	if line, ok := r.line(d.Pos); ok {
		number := fmt.Sprintf("%5d", d.Pos.Line)
		gutter = strings.Repeat(" ", len(number))
		text, caret := snippet(line, d.Pos.Column, d.Len)
		fmt.Fprintf(r.w, "%s | %s\n%s | %s\n", number, text, gutter, paintCaret(r, code, caret))
		gutter += "   "
	}
	if d.Hint != "" {
		fmt.Fprintf(r.w, "%s%s %s\n", gutter, r.paint(cyan, "hint:"), printable(d.Hint))
	}
}

func paintCaret(r *renderer, code, caret string) string {
	marks := strings.TrimLeft(caret, " ")
	return caret[:len(caret)-len(marks)] + r.paint(code, marks)
}

// line is the source line of the position.
func (r *renderer) line(at Pos) (string, bool) {
	if r.source == nil || at.Line < 1 {
		return "", false
	}
	lines, ok := r.files[at.File]
	if !ok {
		lines = splitLines(strings.TrimPrefix(string(r.source(at.File)), "\ufeff"))
		r.files[at.File] = lines
	}
	if at.Line > len(lines) || len(lines) == 1 && lines[0] == "" {
		return "", false
	}
	return lines[at.Line-1], true
}

// snippet is the part of a source line around the column as a terminal shows it, and the line of carets
// that goes below it.
func snippet(line string, column, length int) (text, caret string) {
	runes := []rune(strings.ToValidUTF8(line, "?"))
	start := min(max(column-1, 0), len(runes))
	end := min(start+max(length, 1), max(len(runes), start+1))
	before, marked, after := show(runes[max(0, start-snippetWidth):start]), "", ""
	if start < len(runes) {
		end = min(end, len(runes))
		marked = show(runes[start:min(end, start+snippetWidth)])
		after = show(runes[end:min(len(runes), end+snippetWidth)])
	}
	whole := columns(before) + columns(marked) + columns(after)
	if start > snippetWidth || whole > snippetWidth && columns(before) > leadWidth {
		before = "..." + lastColumns(before, leadWidth-3)
	}
	room := snippetWidth - columns(before)
	text = before + firstColumns(marked+after, room)
	carets := min(max(columns(marked), 1), room)
	return strings.TrimRight(text, " "), strings.Repeat(" ", columns(before)) + strings.Repeat("^", carets)
}

// show is a text with tabs as blanks and without what would disturb a terminal.
func show(runes []rune) string {
	return printable(strings.ReplaceAll(string(runes), "\t", strings.Repeat(" ", tabWidth)))
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\ufffd'
		}
		return r
	}, s)
}

func columns(s string) (n int) {
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns follows Unicode Standard Annex 11.
func runeColumns(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// firstColumns cuts a text to a number of columns.
func firstColumns(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		if used += runeColumns(r); used > n-3 {
			return s[:i] + "..."
		}
	}
	return s
}

// lastColumns is the end of a text.
func lastColumns(s string, n int) string {
	used := columns(s)
	for i, r := range s {
		if used <= n {
			return s[i:]
		}
		used -= runeColumns(r)
	}
	return ""
}
