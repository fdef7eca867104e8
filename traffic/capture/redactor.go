package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// redact replaces what the paths select, in one or several JSON values behind one another. All else stays byte
// for byte.
func (p *jsonPaths) redact(body []byte) ([]byte, error) {
	r := redactor{paths: p, src: body}
	if bytes.HasPrefix(body, []byte(byteOrderMark)) {
		r.at = len(byteOrderMark)
	}
	r.space()
	for r.at < len(r.src) {
		if err := r.value(p.start, false, 0); err != nil {
			return nil, fmt.Errorf("redacting JSON, at byte %d: %w", r.at, err)
		}
		r.space()
	}
	if r.last == 0 {
		return body, nil
	}
	return append(r.out, body[r.last:]...), nil
}

// redactor goes through one body.
type redactor struct {
	paths *jsonPaths
	src   []byte
	at    int
	out   []byte
	last  int // what is before it is in out
}

// maxNesting bounds the depth of a body.
const maxNesting = 1000

var errJSON = errors.New("that is no JSON")

func (r *redactor) space() {
	for r.at < len(r.src) {
		switch r.src[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

// value goes through a value that the states have led to; all of it is replaced where blank is set or a path
// ends here.
func (r *redactor) value(states uint64, blank bool, depth int) error {
	r.space()
	if r.at >= len(r.src) || depth > maxNesting {
		return errJSON
	}
	blank = blank || r.ends(states)
	switch c := r.src[r.at]; c {
	case '{', '[':
		return r.nested(states, blank, depth)
	case '"':
		from := r.at
		if err := r.text(); err != nil {
			return err
		}
		if blank {
			r.replace(from, `"`+Redacted+`"`)
		}
	default:
		return r.word(blank)
	}
	return nil
}

func (r *redactor) ends(states uint64) bool {
	for i := 0; states != 0; i, states = i+1, states>>1 {
		if states&1 != 0 && r.paths.segments[i].end {
			return true
		}
	}
	return false
}

// replace puts text in place of what was read since from.
func (r *redactor) replace(from int, text string) {
	r.out = append(append(r.out, r.src[r.last:from]...), text...)
	r.last = r.at
}

// text reads a string.
func (r *redactor) text() error {
	for i := r.at + 1; i < len(r.src); i++ {
		switch r.src[i] {
		case '\\':
			i++
		case '"':
			r.at = i + 1
			return nil
		}
	}
	return errJSON
}

// word reads a number, true, false or null.
func (r *redactor) word(blank bool) error {
	from := r.at
	for r.at < len(r.src) && strings.IndexByte(" \t\r\n,:]}[{\"", r.src[r.at]) < 0 {
		r.at++
	}
	text := r.src[from:r.at]
	if !json.Valid(text) {
		return errJSON
	}
	switch {
	case !blank || text[0] == 'n':
	case text[0] == 't' || text[0] == 'f':
		r.replace(from, "false")
	default:
		r.replace(from, "0")
	}
	return nil
}

// nested goes through an object or array.
func (r *redactor) nested(states uint64, blank bool, depth int) error {
	object := r.src[r.at] == '{'
	closing := byte(']')
	if object {
		closing = '}'
	}
	r.at++
	for n := 0; ; n++ {
		r.space()
		if n == 0 && r.take(closing) {
			return nil
		}
		s := segment{item: n}
		if object {
			name, err := r.name()
			if err != nil {
				return err
			}
			s = segment{item: -1, name: name}
		}
		if err := r.value(r.follow(states, s), blank, depth+1); err != nil {
			return err
		}
		r.space()
		switch {
		case r.take(closing):
			return nil
		case !r.take(','):
			return errJSON
		}
	}
}

// take goes over one byte, if it is that.
func (r *redactor) take(c byte) bool {
	if r.at < len(r.src) && r.src[r.at] == c {
		r.at++
		return true
	}
	return false
}

// name reads the name of a member and the colon behind it.
func (r *redactor) name() (name string, err error) {
	from := r.at
	if r.at >= len(r.src) || r.src[r.at] != '"' {
		return "", errJSON
	}
	if err := r.text(); err != nil {
		return "", err
	}
	raw := r.src[from:r.at]
	name = string(raw[1 : len(raw)-1])
	if strings.IndexByte(name, '\\') >= 0 {
		if err := json.Unmarshal(raw, &name); err != nil {
			return "", errJSON
		}
	}
	r.space()
	if !r.take(':') {
		return "", errJSON
	}
	return name, nil
}

// follow is where the states lead at a member or item.
func (r *redactor) follow(states uint64, to segment) (next uint64) {
	for i := 0; states != 0; i, states = i+1, states>>1 {
		if states&1 == 0 {
			continue
		}
		s := r.paths.segments[i]
		if s.deep {
			next |= 1 << i
		}
		if !s.end && (s.any || s.item == to.item && s.name == to.name) {
			next |= 1 << (i + 1)
		}
	}
	return next
}
