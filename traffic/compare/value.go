package compare

import (
	"hash/maphash"
	"strings"
)

// kind is the kind of a value.
type kind uint8

const (
	nullKind kind = iota
	boolKind
	numberKind
	stringKind
	arrayKind
	objectKind
	// elementKind is an XML element: text is its name, its two kids are the object of its attributes
	// and text, and the array of its child elements.
	elementKind
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object", "an element"}[k]
}

// value is a node of a parsed body. The kids of an object are sorted by key, repeated keys in their
// order; the kids of an array are in theirs.
type value struct {
	kind kind
	// key is the member name, where the value is a member of an object.
	key string
	// text is the number literal as written, the decoded string, or true or false.
	text string
	kids []value
	// marks are the rules that select this value.
	marks *marks
}

func (v *value) container() bool { return v.kind >= arrayKind }

func (v *value) ignored() bool { return v.marks != nil && v.marks.ignore != nil }

// leaves counts the fields below v that are compared: scalars and empty containers that no rule ignores.
func (v *value) leaves() int64 {
	switch {
	case v.ignored():
		return 0
	case !v.container() || len(v.kids) == 0:
		return 1
	case v.kind == elementKind:
		return max(1, v.kids[0].kidLeaves()+v.kids[1].kidLeaves())
	}
	return v.kidLeaves()
}

func (v *value) kidLeaves() int64 {
	var n int64
	for i := range v.kids {
		n += v.kids[i].leaves()
	}
	return n
}

// member finds the first member of an object by name.
func (v *value) member(name string) *value {
	if v.kind != objectKind {
		return nil
	}
	for i := range v.kids {
		if v.kids[i].key == name {
			return &v.kids[i]
		}
	}
	return nil
}

// hash is alike for values that are equal without any rules.
func (v *value) hash(h *maphash.Hash) {
	_ = h.WriteByte(byte(v.kind))
	text := v.text
	if v.kind == numberKind {
		if d, ok := parseDecimal(text); ok {
			text = d.digits
		}
	}
	_, _ = h.WriteString(v.key)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(text)
	_ = h.WriteByte(0)
	for i := range v.kids {
		v.kids[i].hash(h)
	}
	_ = h.WriteByte(0xff)
}

// render writes the value as compact JSON (XML elements as tags), no more than about limit bytes.
func (v *value) render(limit int) string {
	var b strings.Builder
	v.renderTo(&b, limit)
	return b.String()
}

func (v *value) renderTo(b *strings.Builder, limit int) {
	switch v.kind {
	case nullKind:
		b.WriteString("null")
	case stringKind:
		quoteTo(b, v.text)
	case arrayKind:
		v.renderKids(b, limit, "[]")
	case objectKind:
		v.renderKids(b, limit, "{}")
	case elementKind:
		v.renderElement(b, limit)
	default:
		b.WriteString(v.text)
	}
}

func (v *value) renderKids(b *strings.Builder, limit int, brackets string) {
	b.WriteByte(brackets[0])
	for i := range v.kids {
		if b.Len() > limit {
			b.WriteString("...")
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		if v.kind == objectKind {
			quoteTo(b, v.kids[i].key)
			b.WriteByte(':')
		}
		v.kids[i].renderTo(b, limit)
	}
	b.WriteByte(brackets[1])
}

// renderElement writes an XML element; text stands before child elements, wherever it stood.
func (v *value) renderElement(b *strings.Builder, limit int) {
	b.WriteString("<" + v.text)
	text := ""
	for _, a := range v.kids[0].kids {
		if name, ok := strings.CutPrefix(a.key, "@"); ok {
			b.WriteString(" " + name + "=")
			quoteTo(b, a.text)
		} else {
			text = a.text
		}
	}
	b.WriteString(">" + text)
	for i := range v.kids[1].kids {
		if b.Len() > limit {
			b.WriteString("...")
			break
		}
		v.kids[1].kids[i].renderTo(b, limit)
	}
	b.WriteString("</" + v.text + ">")
}

// quoteTo writes s in quotes, escaping only what JSON demands.
func quoteTo(b *strings.Builder, s string) {
	const hex = "0123456789abcdef"
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < 0x20:
			b.WriteString(`\u00`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}
