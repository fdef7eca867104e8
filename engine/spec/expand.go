package spec

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// cut is a piece of a text that came out of a variable, in characters of the text and of what is written.
type cut struct{ start, end, rawStart, rawEnd int }

// expander puts the values of variables and of the environment into scalars.
type expander struct {
	o      Options
	vars   map[string]*Node
	names  map[*Node]string // of variables
	active []string         // variables being expanded
	done   map[*Node]bool
	given  map[string]bool // variables of the command line that were used
	secret []string        // values of variables that are named like secrets
	ds     Diagnostics
}

// expand fills in ${...} in all values below root.
func expand(root *Node, o Options) *expander {
	e := &expander{
		o: o, vars: map[string]*Node{}, names: map[*Node]string{}, done: map[*Node]bool{}, given: map[string]bool{},
	}
	e.readVars(root.Key("vars"))
	e.node(root)
	return e
}

// unused lists the variables of the command line that stand nowhere, sorted.
func (e *expander) unused() []string {
	var names []string
	for name := range e.o.Vars {
		if !e.given[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (e *expander) node(n *Node) {
	if n == nil || e.done[n] {
		return
	}
	e.done[n] = true
	for _, entry := range n.entries {
		e.node(entry.Value)
	}
	for _, item := range n.items {
		e.node(item)
	}
	if n.kind == Scalar && strings.Contains(n.raw, "${") {
		e.scalar(n)
	}
}

// maxText is how long a scalar may become, in bytes: variables that repeat variables grow fast.
const maxText = 64 << 10

func (e *expander) scalar(n *Node) {
	if name, ok := e.names[n]; ok {
		e.active = append(e.active, name)
		defer func() { e.active = e.active[:len(e.active)-1] }()
	}
	w := writing{expander: e, node: n}
	if len(n.raw) <= maxText {
		w.write(n.raw, 0, true)
	}
	if max(len(n.raw), w.text.Len()) > maxText {
		w.fail(0, n.width(), "", "the text is larger than %d KiB once its variables are put in", maxText>>10)
	}
	n.text, n.cuts = w.text.String(), w.cuts
	if shown := w.shown.String(); shown != n.text {
		n.shown = shown
	}
	if len(n.cuts) > 0 {
		n.tag = "!!str"
	}
}

// writing is the expansion of one scalar.
type writing struct {
	*expander
	node        *Node
	text, shown strings.Builder
	size        int // characters written
	cuts        []cut
}

func (w *writing) add(text, shown string) {
	if w.text.Len() > maxText {
		return
	}
	w.text.WriteString(text)
	w.shown.WriteString(shown)
	w.size += utf8.RuneCountInString(text)
}

// write expands a part of the scalar that starts at the character offset. Only on the outermost level
// does the offset move on.
func (w *writing) write(raw string, offset int, outer bool) {
	counted := 0
	pos := func(i int) int {
		if outer && i > counted {
			offset += utf8.RuneCountInString(raw[counted:i])
			counted = i
		}
		return offset
	}
	for i := 0; i < len(raw); {
		next := strings.Index(raw[i:], "${")
		if next < 0 {
			w.add(raw[i:], raw[i:])
			return
		}
		at := i + next
		escaped := at > 0 && at > i && raw[at-1] == '$'
		if escaped {
			at--
		}
		w.add(raw[i:at], raw[i:at])
		start := w.size
		end := w.reference(raw, at, escaped, pos)
		if outer {
			w.cuts = append(w.cuts, cut{start, w.size, pos(at), pos(end)})
		}
		i = end
	}
}

// reference writes what stands for the ${...} or $${ at the index and returns the index after it.
func (w *writing) reference(raw string, at int, escaped bool, pos func(int) int) int {
	if escaped {
		text := "${"
		if ref := bodyOf(raw[at+1:]); w.isReserved(ref) {
			text = "$${" // still to be told from a reference at run time
		}
		w.add(text, text)
		return at + 3
	}
	body := bodyOf(raw[at:])
	end := at + len(body) + 3
	if end > len(raw) {
		w.fail(pos(at), 2, "write $${ where ${ itself is meant", "the ${ is never closed with }")
		w.add(raw[at:], raw[at:])
		return len(raw)
	}
	name, fallback, hasFallback := strings.Cut(body, ":-")
	r := refer{
		name: name, fallback: fallback, hasFallback: hasFallback,
		at: pos(at), length: utf8.RuneCountInString(raw[at:end]), whole: raw[at:end],
	}
	w.resolve(r)
	return end
}

// bodyOf is what stands between ${ and the } that closes it, or all the rest if none does.
func bodyOf(s string) string {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			depth++
		case s[i] == '}':
			if depth--; depth == 0 {
				return s[2:i]
			}
		}
	}
	return strings.TrimPrefix(s, "${")
}

// refer is one ${...}.
type refer struct {
	name, fallback string
	hasFallback    bool
	at, length     int // in characters of the raw text
	whole          string
}

func (w *writing) resolve(r refer) {
	namespace, rest, dotted := strings.Cut(r.name, ".")
	switch {
	case !isReference(r.name):
		w.fail(r.at, r.length, "write ${NAME}, ${env.NAME} or ${env.NAME:-default}; $${ where ${ itself is meant",
			"%s is not a reference", r.whole)
	case !dotted:
		w.variable(r)
		return
	case namespace == "env":
		w.env(rest, r)
		return
	case w.isReserved(r.name) && r.hasFallback:
		w.fail(r.at, r.length, "write ${"+r.name+"}", "a reference that is resolved at run time has no default")
	case !w.isReserved(r.name):
		w.unknownNamespace(namespace, r)
	}
	w.add(r.whole, r.whole)
}

func (w *writing) fail(at, length int, hint, format string, args ...any) {
	w.node.broken = true
	if w.ds.full() {
		return
	}
	w.ds = append(w.ds, Diagnostic{
		Pos: w.node.rawPos(at), Len: length, Hint: hint, Message: fmt.Sprintf(format, args...),
	})
}
