package spec

import (
	"strings"
	"unicode/utf8"
)

// ValuePos is where the character at an offset of Text stands in the file. What comes out of a variable
// stands where its ${...} does.
func (n *Node) ValuePos(offset int) Pos {
	if n.Kind() != Scalar {
		return n.Pos()
	}
	return n.rawPos(n.rawOffset(offset))
}

// rawOffset turns an offset of the expanded text into one of the text as written.
func (n *Node) rawOffset(offset int) int {
	shift := 0
	for _, c := range n.cuts {
		if offset < c.start {
			break
		}
		if offset < c.end {
			return c.rawStart
		}
		shift = c.rawEnd - c.end
	}
	return offset + shift
}

// Truncated tells whether a # comment follows an unquoted value on its line, which may have been meant
// as a part of it.
func (n *Node) Truncated() bool {
	if n.Kind() != Scalar || n.style != plain || n.raw == "" {
		return false
	}
	end := n.rawPos(utf8.RuneCountInString(n.raw))
	line := []rune(n.src.line(end.Line))
	at := end.Column - 1
	next := skipSpace(line, min(at, len(line)))
	return next > at && next < len(line) && line[next] == '#'
}

// rawPos is where the character at an offset of the raw text stands in the file.
func (n *Node) rawPos(offset int) Pos {
	raw := []rune(n.raw)
	w := walker{src: n.src, line: n.pos.Line, column: n.pos.Column - 1, raw: raw}
	w.load()
	if n.style != repaired {
		w.properties()
	}
	offset = min(max(offset, 0), len(raw))
	switch n.style {
	case literal, folded:
		w.block(offset)
	case singleQuoted, doubleQuoted:
		w.column++
		w.flow(offset, n.style)
	default:
		w.flow(offset, n.style)
	}
	return n.src.clamp(w.line, w.column+1)
}

// walker follows a scalar in the file character by character of its value.
type walker struct {
	src    *source
	text   []rune // of the line
	line   int
	column int // 0-based
	raw    []rune
}

func (w *walker) load() { w.text = []rune(w.src.line(w.line)) }

// properties skips tags and anchors.
func (w *walker) properties() {
	for w.column < len(w.text) && (w.text[w.column] == '&' || w.text[w.column] == '!') {
		for w.column < len(w.text) && w.text[w.column] != ' ' {
			w.column++
		}
		w.column = skipSpace(w.text, w.column)
		if w.column == len(w.text) && w.line < len(w.src.lines) {
			w.nextLine(0)
		}
	}
}

// flow walks plain and quoted scalars, which may go on over several lines.
func (w *walker) flow(offset int, s style) {
	for i := 0; i < offset; {
		switch {
		case skipSpace(w.text, w.column) == len(w.text) && w.line < len(w.src.lines):
			size := w.foldSize(i)
			if i+size > offset {
				return
			}
			i += size
			w.nextLine(0)
		case s == doubleQuoted && w.at(0) == '\\' && w.column+1 >= len(w.text):
			w.nextLine(0)
		case s == doubleQuoted && w.at(0) == '\\':
			w.column += escapeSize(w.at(1))
			i++
		case s == singleQuoted && w.at(0) == '\'' && w.at(1) == '\'':
			w.column += 2
			i++
		default:
			w.column++
			i++
		}
	}
}

func (w *walker) at(ahead int) rune {
	if w.column+ahead >= len(w.text) {
		return 0
	}
	return w.text[w.column+ahead]
}

// escapeSize is how many characters an escape takes, see YAML 1.2, section 5.7.
func escapeSize(kind rune) int {
	switch kind {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}

// foldSize is how many characters the value has for the line breaks after this line.
func (w *walker) foldSize(i int) int {
	size := 0
	for i+size < len(w.raw) && w.raw[i+size] == '\n' {
		size++
	}
	return max(size, 1)
}

// nextLine goes to the next line that is not blank, at its first character from the indentation on.
func (w *walker) nextLine(indent int) {
	for w.line < len(w.src.lines) {
		w.line++
		w.load()
		if w.column = skipSpace(w.text, 0); w.column < len(w.text) {
			break
		}
	}
	if indent > 0 {
		w.column = min(indent, len(w.text))
	}
}

// block walks literal and folded blocks, which start on the line after their header.
func (w *walker) block(offset int) {
	w.nextLine(0)
	first := strings.TrimLeft(string(w.raw), "\n")
	indent := max(0, w.column-leadingSpaces(first))
	w.column = indent
	for i := len(w.raw) - utf8.RuneCountInString(first); i < offset; {
		if w.column < len(w.text) {
			w.column++
			i++
			continue
		}
		size := w.foldSize(i)
		if i+size > offset || w.line >= len(w.src.lines) {
			return
		}
		i += size
		w.nextLine(max(indent, 1))
	}
}

func leadingSpaces(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
