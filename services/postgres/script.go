package postgres

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Statement is one statement of a script.
type Statement struct {
	// Text is the statement without its semicolon, beginning with its first word.
	Text string
	// Line is where it begins in the script, from 1.
	Line int
	// Data is what follows COPY ... FROM stdin, up to the line \. that ends it; nil for other
	// statements. It has to be read to its end before the next statement. DataLine is its first line.
	Data     io.Reader
	DataLine int
}

// Script reads a script of SQL statements as psql does: with quoting, dollar quoting, nested comments,
// the data of COPY ... FROM stdin, and functions with BEGIN ATOMIC. Commands of psql itself are refused,
// but for those that change nothing in a database. It ends before what undoes a migration of goose or dbmate.
type Script struct {
	in   *bufio.Reader
	line int
	text []byte
	// start is the line of the statement's first byte, word the word that is being read.
	start int
	word  []byte
	words words
	depth int
}

// maxStatement bounds one statement, in bytes.
const maxStatement = 256 << 20

// NewScript reads from r.
func NewScript(r io.Reader) *Script {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	return &Script{in: in, line: 1}
}

// SyntaxError says that a script cannot be read, and where.
type SyntaxError struct {
	Line int
	// Hint says what to do about it; it may be empty.
	Hint string
	text string
}

func (e *SyntaxError) Error() string { return e.text }

func (s *Script) fail(line int, hint, format string, args ...any) error {
	return &SyntaxError{Line: line, Hint: hint, text: fmt.Sprintf(format, args...)}
}

// Next reads the next statement; io.EOF says that there is none. A [SyntaxError] says what cannot be read.
func (s *Script) Next() (Statement, error) {
	s.text, s.word, s.words, s.depth = s.text[:0], s.word[:0], words{}, 0
	for {
		c, err := s.read()
		switch {
		case errors.Is(err, io.EOF):
			return s.last()
		case err != nil:
			return Statement{}, err
		}
		if len(s.text) > maxStatement {
			return Statement{}, s.fail(s.start, "", "a statement of more than %d MiB", maxStatement>>20)
		}
		done, err := s.take(c)
		if err != nil {
			return Statement{}, err
		}
		if done && !s.blank() {
			return s.statement()
		}
	}
}

// last is the statement at the end of the script, which needs no semicolon.
func (s *Script) last() (Statement, error) {
	s.endWord()
	if s.blank() {
		return Statement{}, io.EOF
	}
	return s.statement()
}

func (s *Script) blank() bool { return len(s.text) == 0 }

// read takes one byte and counts lines.
func (s *Script) read() (byte, error) {
	c, err := s.in.ReadByte()
	if c == '\n' && err == nil {
		s.line++
	}
	return c, err
}

func (s *Script) peek() byte {
	next, err := s.in.Peek(1)
	if err != nil {
		return 0
	}
	return next[0]
}

// keep adds a byte to the statement.
func (s *Script) keep(c byte) {
	if s.blank() {
		s.start = s.line
	}
	s.text = append(s.text, c)
}

// take handles one byte outside of quotes and comments, and tells whether the statement has ended.
func (s *Script) take(c byte) (done bool, err error) {
	if s.continues(c) {
		s.word = append(s.word, c)
		s.keep(c)
		return false, nil
	}
	prefix := s.endWord()
	switch {
	case c == ';' && s.depth <= 0 && s.words.blocks == 0:
		return true, nil
	case c == '\\':
		return false, s.command()
	case c == '\'':
		return false, s.quoted(c, prefix == "e")
	case c == '"':
		return false, s.quoted(c, false)
	case c == '$' && prefix == "":
		return false, s.dollar()
	case c == '-' && s.peek() == '-':
		return false, s.lineComment()
	case c == '/' && s.peek() == '*':
		return false, s.blockComment()
	}
	s.plain(c)
	return false, nil
}

// plain handles a byte that begins nothing.
func (s *Script) plain(c byte) {
	switch c {
	case '(':
		s.depth++
	case ')':
		s.depth--
	}
	if !s.blank() || !isSpace(c) {
		s.keep(c)
	}
}

// continues tells whether a byte belongs to a word.
func (s *Script) continues(c byte) bool {
	return isWord(c) || len(s.word) > 0 && (c == '$' || isDigit(c))
}

// endWord notes the word that has just ended and returns it in lower case.
func (s *Script) endWord() string {
	if len(s.word) == 0 {
		return ""
	}
	word := strings.ToLower(string(s.word))
	s.word = s.word[:0]
	s.words.add(word, s.depth)
	return word
}

// statement hands out what was read, with the data behind it.
func (s *Script) statement() (Statement, error) {
	st := Statement{Text: strings.TrimRight(string(s.text), " \t\r\n\f\v"), Line: s.start}
	if !utf8.ValidString(st.Text) {
		return st, s.fail(s.start, "convert the file to UTF-8", "the statement is not UTF-8 text")
	}
	if !s.words.copies {
		return st, nil
	}
	for c, err := s.read(); err == nil && c != '\n'; c, err = s.read() {
		if !isSpace(c) {
			return st, s.fail(s.line, "put it on a line of its own behind the data",
				"something follows COPY ... FROM stdin in the same line")
		}
	}
	st.DataLine = s.line
	st.Data = &copyData{script: s, begin: s.line}
	return st, nil
}

// words follows what a statement says, as far as its end depends on it.
type words struct {
	// first holds the first words, in lower case.
	first  [4]string
	count  int
	last   string
	copies bool
	// blocks is how many BEGIN ATOMIC and CASE of a function's body are open.
	blocks int
}

func (w *words) add(word string, depth int) {
	if w.count < len(w.first) {
		w.first[w.count] = word
	}
	w.count++
	if depth <= 0 && w.first[0] == "copy" && w.last == "from" && word == "stdin" {
		w.copies = true
	}
	if depth <= 0 && w.routine() {
		w.block(word)
	}
	w.last = word
}

func (w *words) routine() bool {
	kind := w.first[1]
	if kind == "or" {
		kind = w.first[3]
	}
	return w.first[0] == "create" && (kind == "function" || kind == "procedure")
}

func (w *words) block(word string) {
	switch {
	case word == "atomic" && w.last == "begin":
		w.blocks++
	case word == "case" && w.blocks > 0 && w.last != "end":
		w.blocks++
	case word == "end" && w.blocks > 0:
		w.blocks--
	}
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
