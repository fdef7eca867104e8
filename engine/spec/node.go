package spec

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Pos is a place in a run file. Line and Column are 1-based; the column counts characters. Line 0 means
// the file as a whole.
type Pos struct {
	File         string
	Line, Column int
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// compare orders positions by file, line and column.
func (p Pos) compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Kind is the kind of a [Node].
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Scalar
	Map
	List
)

func (k Kind) String() string {
	return [...]string{"nothing", "a single value", "a mapping", "a list"}[k]
}

// Node is a value in a run file that knows where it stands. Aliases and merge keys are resolved and
// ${...} is expanded before anyone sees a Node. A nil *Node is a key that is not there: its Kind is
// Null and all its methods work.
type Node struct {
	kind    Kind
	style   style
	pos     Pos
	tag     string
	raw     string // the scalar as YAML reads it, before expansion
	text    string // the scalar after expansion
	shown   string // text with secrets hidden, if there are any
	cuts    []cut  // the expanded pieces of text
	entries []Entry
	items   []*Node
	src     *source
	size    int  // nodes below this one, aliases followed
	broken  bool // reported already: what is decoded from it would only be noise
}

// style is how a node is written.
type style uint8

const (
	plain style = iota
	singleQuoted
	doubleQuoted
	literal
	folded
	repaired // written plain by mistake and read as if it had been quoted
)

// Entry is one key of a mapping, with its value.
type Entry struct {
	Key   string
	Pos   Pos // of the key
	Value *Node
}

// Kind tells what the node is.
func (n *Node) Kind() Kind {
	if n == nil {
		return Null
	}
	return n.kind
}

// Pos is where the node starts: the first key of a mapping, the first item or the bracket of a list,
// the first character or the opening quote of a scalar.
func (n *Node) Pos() Pos {
	if n == nil {
		return Pos{}
	}
	return n.pos
}

// Text is the text of a scalar as written, unquoted and with ${...} expanded: 1.10 stays "1.10". It is
// empty for all other kinds.
func (n *Node) Text() string {
	if n.Kind() != Scalar {
		return ""
	}
	return n.text
}

// Bool is the value of the unquoted words true and false, also when they come out of a variable.
func (n *Node) Bool() (value, ok bool) {
	if !n.loose() {
		return false, false
	}
	switch strings.ToLower(n.text) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// Float is the value of an unquoted decimal number, also when it comes out of a variable. It is never
// NaN or infinite.
func (n *Node) Float() (float64, bool) {
	if !n.loose() || strings.ContainsAny(n.text, "xXpP_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(n.text, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// loose tells whether the scalar may be read as something else than text.
func (n *Node) loose() bool {
	return n.Kind() == Scalar && (n.style == plain || len(n.cuts) > 0)
}

// Entries are the keys of a mapping in file order, merged ones included.
func (n *Node) Entries() []Entry {
	if n == nil {
		return nil
	}
	return n.entries
}

// Key is the value of a key of a mapping, nil if it is not there.
func (n *Node) Key(name string) *Node {
	for _, e := range n.Entries() {
		if e.Key == name {
			return e.Value
		}
	}
	return nil
}

// Items are the items of a list.
func (n *Node) Items() []*Node {
	if n == nil {
		return nil
	}
	return n.items
}

// Quoted tells whether a scalar is written in quotes or as a block of text, so that it can only be
// meant as text.
func (n *Node) Quoted() bool { return n.Kind() == Scalar && n.style != plain }

// Tag is the YAML tag of the node, such as !!str, !!int, !!float, !!bool, !!null, !!map or !!seq. Of an
// expanded scalar it is !!str.
func (n *Node) Tag() string {
	if n == nil {
		return "!!null"
	}
	return n.tag
}

// width is how many characters of its line the node covers, for the caret line.
func (n *Node) width() int {
	if n.Kind() != Scalar {
		return 1
	}
	switch n.style {
	case plain, repaired:
		return max(1, utf8.RuneCountInString(n.raw))
	case singleQuoted, doubleQuoted:
		return utf8.RuneCountInString(n.raw) + 2
	}
	return 1
}

func (n *Node) isBroken() bool { return n != nil && n.broken }
