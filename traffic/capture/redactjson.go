package capture

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// jsonPaths select values of JSON bodies. A state stands for a path and how many of its segments lead to
// a place; up to 64 of them are the bits of a number.
type jsonPaths struct {
	segments []segment // of all paths, each path closed by one with end
	start    uint64
}

// segment is one step of a path. From where it is reached it leads to the members or items that it names.
type segment struct {
	name string
	item int // -1 where it has a name, or any
	any  bool
	deep bool // it holds at any depth below
	end  bool // the path is at its end here
}

func (p jsonPaths) empty() bool { return p.start == 0 }

// add reads a path: $ and segments .name, ["name"], [0], .*, [*], each perhaps with .. before it; or a name
// alone.
func (p *jsonPaths) add(text string) error {
	if !strings.HasPrefix(text, "$") {
		text = "$.." + text
	}
	var segments []segment
	for rest := text[1:]; rest != ""; {
		s, after, err := cutSegment(rest)
		if err != nil {
			return fmt.Errorf("path %s: %w", text, err)
		}
		segments, rest = append(segments, s), after
	}
	if len(p.segments)+len(segments)+1 > 64 {
		return fmt.Errorf("path %s: all paths together have more than 64 segments", text)
	}
	p.start |= 1 << len(p.segments)
	p.segments = append(append(p.segments, segments...), segment{end: true})
	return nil
}

var errSegment = errors.New("expected .name, ..name, [\"name\"], [0], .* or [*] behind $")

func cutSegment(text string) (s segment, rest string, err error) {
	s.item = -1
	if rest, s.deep = strings.CutPrefix(text, ".."); s.deep && !strings.HasPrefix(rest, "[") {
		return cutName(s, rest)
	}
	if after, ok := strings.CutPrefix(rest, "."); ok && !s.deep {
		return cutName(s, after)
	}
	return cutBracket(s, rest)
}

func cutName(s segment, text string) (segment, string, error) {
	end := strings.IndexAny(text, ".[")
	if end < 0 {
		end = len(text)
	}
	s.name = text[:end]
	if s.name == "" {
		return s, "", errSegment
	}
	if s.name == "*" {
		s.name, s.any = "", true
	}
	return s, text[end:], nil
}

func cutBracket(s segment, text string) (segment, string, error) {
	if len(text) < 3 || text[0] != '[' {
		return s, "", errSegment
	}
	if quote := text[1]; quote == '"' || quote == '\'' {
		name, rest, ok := strings.Cut(text[2:], string(quote)+"]")
		s.name = name
		if !ok || strings.Contains(name, `\`) {
			return s, "", errSegment
		}
		return s, rest, nil
	}
	inner, rest, ok := strings.Cut(text[1:], "]")
	if inner == "*" {
		s.any = true
		return s, rest, nil
	}
	item, err := strconv.Atoi(inner)
	if !ok || err != nil || item < 0 {
		return s, "", errSegment
	}
	s.item = item
	return s, rest, nil
}
