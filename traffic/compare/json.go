package compare

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// parseJSON reads one JSON text as of RFC 8259. Repeated keys and number literals are kept.
func parseJSON(body []byte) (*value, bool) { return new(parser).json(body) }

// parser makes trees of JSON texts. It can be used again when they are of no more use.
type parser struct {
	lexer

	// stack holds the kids of the containers that are open. What is complete moves to room, so that few
	// allocations hold all values.
	stack, room []value
}

// parsers are kept for the next comparison: most of what comparing costs would be memory.
type parsers struct{ pool sync.Pool }

func (p *parsers) get() *parser {
	if used, ok := p.pool.Get().(*parser); ok {
		return used
	}
	return new(parser)
}

// put takes back a parser whose trees are of no more use, unless it holds much.
func (p *parsers) put(used *parser) {
	const many = 1 << 14
	if cap(used.stack) > many || cap(used.room) > many {
		return
	}
	used.src, used.stack, used.room = "", used.stack[:0], used.room[:0]
	p.pool.Put(used)
}

// json reads one JSON text.
func (p *parser) json(body []byte) (*value, bool) {
	p.src, p.at = string(bytes.TrimPrefix(body, []byte("\ufeff"))), 0
	v, ok := p.value("", 0)
	if !ok || !p.ended() {
		return nil, false
	}
	return &v, true
}

// lines reads JSON texts one per line, blank lines left out, as one array.
func (p *parser) lines(body []byte) (*value, bool) {
	lines := &value{kind: arrayKind}
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		v, ok := p.json(line)
		if !ok {
			return nil, false
		}
		lines.kids = append(lines.kids, *v)
	}
	return lines, len(lines.kids) > 0
}

// value reads a value. The elements of an array carry the key of the array, so that it is known of each
// leaf what it is called.
func (p *parser) value(key string, depth int) (v value, ok bool) {
	v.key = key
	switch c := p.peek(); c {
	case '{':
		v.kind = objectKind
		v.kids, ok = p.kids(c, key, depth)
	case '[':
		v.kind = arrayKind
		v.kids, ok = p.kids(c, key, depth)
	case '"':
		v.kind = stringKind
		v.text, ok = p.string(p.text())
	case 't', 'f':
		v.kind = boolKind
		v.text, ok = p.literal()
	case 'n':
		v.kind = nullKind
		_, ok = p.literal()
	default:
		v.kind = numberKind
		v.text, ok = p.literal()
	}
	return v, ok
}

// kids reads the members of an object or the elements of an array.
func (p *parser) kids(open byte, key string, depth int) ([]value, bool) {
	end := open + 2 // the closing bracket in ASCII
	p.at++
	if p.take(end) {
		return nil, true
	}
	base := len(p.stack)
	for more := depth < maxDepth; more; {
		var ok bool
		if open == '{' {
			if key, ok = p.string(p.name()); !ok {
				return nil, false
			}
		}
		v, ok := p.value(key, depth+1)
		if !ok {
			return nil, false
		}
		p.stack = append(p.stack, v)
		if more, ok = p.more(end); !ok {
			return nil, false
		}
	}
	if open == '{' {
		sortByKey(p.stack[base:])
	}
	return p.keep(base), depth < maxDepth
}

// keep moves the top of the stack, from base on, to where it stays.
func (p *parser) keep(base int) []value {
	kids := p.stack[base:]
	p.stack = p.stack[:base]
	if cap(p.room)-len(p.room) < len(kids) {
		p.room = make([]value, 0, max(2*cap(p.room), len(kids), 16))
	}
	start := len(p.room)
	p.room = append(p.room, kids...)
	return p.room[start:len(p.room):len(p.room)]
}

func (p *parser) string(raw string, escaped, ok bool) (string, bool) {
	if escaped && ok {
		raw = unescape(raw)
	}
	return raw, ok
}

// sortByKey sorts members, those of one name in their order. Most objects are small: moving each into its
// place costs less than the general algorithm, which swaps.
func sortByKey(kids []value) {
	const small = 16
	if len(kids) > small {
		slices.SortStableFunc(kids, func(a, b value) int { return strings.Compare(a.key, b.key) })
		return
	}
	for i := 1; i < len(kids); i++ {
		j := i
		for j > 0 && kids[i].key < kids[j-1].key {
			j--
		}
		if j < i {
			v := kids[i]
			copy(kids[j+1:i+1], kids[j:i])
			kids[j] = v
		}
	}
}
