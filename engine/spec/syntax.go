package spec

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxRepairs is how many values are put into quotes to find the mistakes after them.
const maxRepairs = 40

// parse reads the text with the YAML library. Where an unquoted expression stops it, it reports that, goes
// on as if there had been quotes, and so finds the mistakes after it, too.
func (s *source) parse() (*yaml.Node, Diagnostics) {
	var ds Diagnostics
	for range maxRepairs {
		var top yaml.Node
		err := yaml.Load([]byte(s.repaired()), &top)
		if err == nil {
			return &top, ds
		}
		var failed *yaml.LoadError
		if !errors.As(err, &failed) {
			failed = &yaml.LoadError{Message: err.Error()}
		}
		found, again := s.explain(failed)
		ds = append(ds, found)
		if !again || len(s.text) > 1<<18 {
			break
		}
	}
	return nil, ds
}

// explain says what stopped the library, and whether it is worth reading again.
func (s *source) explain(e *yaml.LoadError) (d Diagnostic, again bool) {
	if e.Mark.Line > 0 && !isUnclosed(e) && !strings.HasPrefix(s.line(e.Mark.Line), "%") {
		if d, ok := s.trapAt(e.Mark); ok {
			return d, true
		}
	}
	d = s.syntax(e)
	if d.Len == 0 {
		d.Len = 1
	}
	return d, false
}

func isUnclosed(e *yaml.LoadError) bool { return strings.Contains(e.Message, "end of stream") }

// trapAt looks for a value that must be quoted at the mark, and puts it into quotes.
func (s *source) trapAt(m yaml.Mark) (Diagnostic, bool) {
	line := []rune(s.repairedLine(m.Line))
	t, ok := findTrap(line, m.Column-1, s.continuesFlow(m.Line))
	if !ok {
		return Diagnostic{}, false
	}
	value := string(line[t.start:t.end])
	at := s.pos(m.Line, t.start+1)
	length := t.end - t.start
	f := fix{column: at.Column, length: length, text: quote(value)}
	if !s.repair(at, f) {
		return Diagnostic{}, false
	}
	return Diagnostic{Pos: at, Len: length, Message: t.reason, Hint: quoteHint(t.key, value)}, true
}

// syntax says in plain words what is wrong with the YAML.
func (s *source) syntax(e *yaml.LoadError) Diagnostic {
	if e.Mark.Line == 0 {
		e.Mark = e.ContextMark
	}
	mark, context := s.pos(e.Mark.Line, e.Mark.Column), s.pos(e.ContextMark.Line, e.ContextMark.Column)
	d := Diagnostic{Pos: mark}
	switch message := e.Message; {
	case strings.Contains(message, "multiple"):
		d.Pos, d.Len = s.secondDocument(), 3
		d.Message, d.Hint = "a second document starts here", "put each run file into a file of its own"
	case strings.Contains(message, "no documents"):
		d.Message = "the run file is empty"
	case isUnclosed(e):
		d.Pos, d.Message, d.Hint = context, "the quote that opens here is never closed", "close it on the same line"
	case s.tabAt(mark):
		d.Message, d.Hint = "a tab is used for indentation", "indent with spaces"
	case strings.Contains(message, "depth"):
		d.Message = fmt.Sprintf("values are nested more than %d levels deep", maxDepth)
	default:
		d.Message, d.Hint = s.structure(message, mark, context)
	}
	return d
}

// structure explains mistakes in the nesting of mappings and lists.
func (s *source) structure(message string, mark, context Pos) (text, hint string) {
	switch {
	case strings.Contains(message, "',' or ']'"):
		return fmt.Sprintf("the [ of line %d, column %d is not closed", context.Line, context.Column),
			"write , before the next item or ] after the last one"
	case strings.Contains(message, "',' or '}'"):
		return fmt.Sprintf("the { of line %d, column %d is not closed", context.Line, context.Column),
			"write , before the next key or } after the last one"
	case strings.Contains(message, "expected key"):
		return fmt.Sprintf("expected a key of the mapping that starts at line %d", context.Line),
			fmt.Sprintf("start it in column %d like the other keys", context.Column)
	case strings.Contains(message, "'-' indicator"):
		return fmt.Sprintf("expected an item of the list that starts at line %d", context.Line),
			"start it with - at the column of the other items, or put the list below a key"
	case strings.Contains(message, "mapping values are not allowed"):
		return "a key is not allowed here: the value above it goes on up to this place",
			"check the indentation: keys of one mapping start in the same column"
	case strings.Contains(message, "block sequence entries"):
		return "an item of a list is not allowed here", "start the list on a line of its own below its key"
	case strings.Contains(message, "could not find expected ':'"):
		return "expected a key followed by : and a blank", "write key: value, or quote the text"
	case strings.Contains(message, "node content"):
		return "a value is missing here", ""
	case strings.Contains(message, "escape"):
		return `the text in double quotes has an unknown \ sequence`, `write \\ for a \, or use single quotes`
	case strings.Contains(message, "unknown anchor"):
		return "YAML reads * as a reference to an anchor, and there is none of that name",
			s.wholeHint(mark)
	case strings.Contains(message, "cannot start any token"):
		return "no YAML value can start like this", s.wholeHint(mark)
	case strings.HasPrefix(s.line(mark.Line), "%"):
		return "a line that starts with % is a YAML directive, and this one cannot be used", "leave it out"
	case strings.Contains(message, "alias"):
		return "aliases repeat too much", "write out what is meant"
	}
	return "this is not YAML: " + strings.TrimPrefix(message, "yaml: "), ""
}

func (s *source) wholeHint(at Pos) string {
	line := []rune(s.line(at.Line))
	from := min(at.Column-1, len(line))
	return quoteHint(keyBefore(line, from), string(line[from:cutComment(line, from, len(line))]))
}

func (s *source) tabAt(at Pos) bool {
	line := s.line(at.Line)
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	return strings.Contains(indent, "\t") && at.Column <= utf8.RuneCountInString(indent)+1
}

// secondDocument finds the --- line after the first content.
func (s *source) secondDocument() Pos {
	content := false
	for i, line := range s.lines {
		marker := strings.HasPrefix(line, "---") && strings.TrimLeft(line, "-") != "-" &&
			(len(line) == 3 || line[3] == ' ' || line[3] == '\t')
		if marker && content {
			return s.pos(i+1, 1)
		}
		trimmed := strings.TrimSpace(line)
		content = content || marker || trimmed != "" && trimmed[0] != '#' && trimmed[0] != '%'
	}
	return s.pos(len(s.lines), 1)
}
