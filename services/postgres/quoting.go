package postgres

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

// quoted reads a text in quotes. A doubled quote is read as the end of one text and the beginning of
// another. With escapes a backslash takes the byte behind it along, as in E'...'.
func (s *Script) quoted(quote byte, escapes bool) error {
	s.keep(quote)
	begin := s.line
	for {
		c, err := s.read()
		if err != nil {
			return s.unended(begin, "a text in "+string(quote)+" quotes", err)
		}
		s.text = append(s.text, c)
		switch {
		case c == quote:
			if !escapes || s.peek() != quote {
				return nil
			}
			c, _ = s.read()
			s.text = append(s.text, c)
		case c == '\\' && escapes:
			if c, err = s.read(); err == nil {
				s.text = append(s.text, c)
			}
		}
	}
}

// dollar reads a text in dollar quotes, or a dollar that begins none, as in $1.
func (s *Script) dollar() error {
	s.keep('$')
	begin := s.line
	tag := s.tag()
	if tag == nil {
		return nil
	}
	s.text = append(s.text, tag[1:]...)
	if _, err := s.in.Discard(len(tag) - 1); err != nil {
		return err
	}
	from := len(s.text)
	for {
		c, err := s.read()
		if err != nil {
			return s.unended(begin, "a text in "+string(tag)+" quotes", err)
		}
		s.text = append(s.text, c)
		if c == '$' && bytes.HasSuffix(s.text[from:], tag) {
			return nil
		}
	}
}

// maxTag bounds the name between the dollars, as names are bounded in PostgreSQL.
const maxTag = 64

// tag is the opening of a dollar quote whose first dollar is read already; nil if it is none.
func (s *Script) tag() []byte {
	ahead, err := s.in.Peek(maxTag + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	end := bytes.IndexByte(ahead, '$')
	if end < 0 || end > 0 && !isWord(ahead[0]) {
		return nil
	}
	for _, c := range ahead[:end] {
		if !isWord(c) && !isDigit(c) {
			return nil
		}
	}
	return slices.Concat([]byte("$"), ahead[:end+1])
}

// lineComment reads up to the end of the line. A comment within a statement is kept, so that the
// server's positions hold. Between statements it may end the script.
func (s *Script) lineComment() error {
	rest, err := s.in.ReadString('\n')
	if err == nil {
		s.line++
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case !s.blank():
		s.text = append(append(s.text, '-'), rest...)
	case downward(rest):
		s.in.Reset(strings.NewReader(""))
	}
	return nil
}

// downward tells whether a comment, without its first dash, is one of goose or dbmate behind which a migration
// is undone: what follows is not run.
func downward(comment string) bool {
	text := strings.ToLower(strings.Join(strings.Fields(comment), " "))
	return strings.HasPrefix(text, "- +goose down") || strings.HasPrefix(text, "- migrate:down")
}

// blockComment reads a comment and those within it.
func (s *Script) blockComment() error {
	inside, begin, open := !s.blank(), s.line, 0
	for c, before := byte('/'), byte(0); ; {
		if inside {
			s.text = append(s.text, c)
		}
		switch {
		case before == '/' && c == '*':
			open, c = open+1, 0
		case before == '*' && c == '/':
			open, c = open-1, 0
			if open == 0 {
				return nil
			}
		}
		before = c
		var err error
		if c, err = s.read(); err != nil {
			return s.unended(begin, "a comment", err)
		}
	}
}

func (s *Script) unended(begin int, what string, err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	return s.fail(begin, "", "%s begins here and does not end", what)
}

// idle are the commands of psql that change nothing in a database. pg_dump writes the first two.
var idle = []string{"restrict", "unrestrict", "echo", "qecho", "warn", "timing", "pset", "set", "unset", "x", "t", "a"}

// command reads a command of psql itself.
func (s *Script) command() error {
	line := s.line
	rest, err := s.in.ReadString('\n')
	if err == nil {
		s.line++
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	text := `\` + strings.TrimSpace(rest)
	name, _, _ := strings.Cut(text[1:], " ")
	switch {
	case !s.blank():
		return s.fail(line, "end the statement with a semicolon", "a command of psql within a statement: %s", text)
	case slices.Contains(idle, name):
		return nil
	case name == "connect" || name == "c":
		return s.fail(line, "make the dump of one database, without --create",
			"a seed is loaded into one database: %s cannot be followed", text)
	case name == "i" || name == "ir" || name == "include":
		return s.fail(line, "list the file itself under seed: or migrate:", "%s: files are not included", text)
	}
	return s.fail(line, "write it in SQL", "a command of psql that is not known here: %s", text)
}
