package spec

import (
	"fmt"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

const (
	maxDepth   = 100     // levels of nesting
	maxAliased = 100_000 // nodes that aliases may add
)

// builder turns the nodes of the YAML library into a tree without aliases and merge keys.
type builder struct {
	src    *source
	ds     Diagnostics
	built  map[*yaml.Node]*Node
	active map[*yaml.Node]bool
	used   map[*yaml.Node]bool // anchors that an alias points to
	depth  int
	nodes  int
	tooBig bool
}

func newBuilder(src *source) *builder {
	return &builder{
		src: src, built: map[*yaml.Node]*Node{}, active: map[*yaml.Node]bool{}, used: map[*yaml.Node]bool{},
	}
}

func (b *builder) document(top *yaml.Node) *Node {
	if len(top.Content) == 0 {
		b.ds.Errorf(b.src.pos(1, 1), "", "the run file has no content")
		return nil
	}
	b.markUsed(top)
	root := b.node(top.Content[0])
	if b.tooBig {
		return nil
	}
	return root
}

func (b *builder) markUsed(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		b.used[n.Alias] = true
		return
	}
	for _, c := range n.Content {
		b.markUsed(c)
	}
}

// node builds one node and everything below it; after a finding it stands for nothing.
func (b *builder) node(y *yaml.Node) *Node {
	if y.Kind == yaml.AliasNode {
		return b.alias(y)
	}
	if done, ok := b.built[y]; ok {
		return done
	}
	n := &Node{pos: b.src.pos(y.Line, y.Column), tag: y.ShortTag(), src: b.src, size: 1}
	if b.depth >= maxDepth {
		b.ds.Errorf(n.pos, "", "values are nested more than %d levels deep", maxDepth)
		n.broken = true
		return n
	}
	b.nodes++
	b.depth++
	b.active[y] = true
	switch y.Kind {
	case yaml.MappingNode:
		b.mapping(y, n)
	case yaml.SequenceNode:
		b.sequence(y, n)
	case yaml.ScalarNode:
		b.scalar(y, n)
	}
	b.checkProperties(y, n)
	delete(b.active, y)
	b.depth--
	b.built[y] = n
	return n
}

func (b *builder) alias(y *yaml.Node) *Node {
	at := b.src.pos(y.Line, y.Column)
	if b.active[y.Alias] {
		b.add(at, len(y.Value)+1, "", "the alias *%s stands inside the value that it repeats", y.Value)
		return &Node{pos: at, tag: "!!null", src: b.src, size: 1, broken: true}
	}
	return b.node(y.Alias)
}

func (b *builder) add(at Pos, length int, hint, format string, args ...any) {
	if b.ds.full() {
		return
	}
	b.ds = append(b.ds, Diagnostic{Pos: at, Len: length, Hint: hint, Message: fmt.Sprintf(format, args...)})
}

// grow counts what stands below n, aliases followed, and stops a small file from becoming a huge one.
func (b *builder) grow(n, child *Node, at Pos) {
	n.size += child.size
	if n.size <= b.nodes+maxAliased || b.tooBig {
		return
	}
	b.tooBig = true
	b.ds.Errorf(at, "write out what is meant", "aliases repeat values more than %d times", maxAliased)
}

func (b *builder) sequence(y *yaml.Node, n *Node) {
	n.kind = List
	for _, c := range y.Content {
		if b.tooBig {
			return
		}
		item := b.node(c)
		n.items = append(n.items, item)
		b.grow(n, item, b.src.pos(c.Line, c.Column))
	}
}

func (b *builder) scalar(y *yaml.Node, n *Node) {
	n.kind = Scalar
	n.raw, n.text = y.Value, y.Value
	switch {
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.style = singleQuoted
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.style = doubleQuoted
	case y.Style&yaml.LiteralStyle != 0:
		n.style = literal
	case y.Style&yaml.FoldedStyle != 0:
		n.style = folded
	}
	if b.src.fixAt(n.pos) {
		n.style = repaired
	}
	if n.tag == "!!null" && n.style == plain {
		n.kind = Null
	}
	b.checkScalar(y, n)
}

func (b *builder) mapping(y *yaml.Node, n *Node) {
	n.kind = Map
	own := map[string]Pos{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		b.ownKey(y.Content[i], own)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(y.Content) && !b.tooBig; i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		at := b.src.pos(key.Line, key.Column)
		if isMerge(key) {
			b.merge(value, n, own)
			continue
		}
		child := b.node(value)
		b.grow(n, child, at)
		if seen[key.Value] || key.Kind != yaml.ScalarNode {
			continue
		}
		seen[key.Value] = true
		n.entries = append(n.entries, Entry{Key: key.Value, Pos: at, Value: child})
	}
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.Tag == "!!merge" }

// ownKey notes where a key stands, and refuses what is no key or there already.
func (b *builder) ownKey(key *yaml.Node, own map[string]Pos) {
	at := b.src.pos(key.Line, key.Column)
	if key.Kind != yaml.ScalarNode {
		b.add(at, 1, `write it as text: "key": value`,
			"a key is a single word or text, not a mapping, list or alias")
		return
	}
	name := key.Value
	if isMerge(key) {
		name = "<<"
	}
	first, dup := own[name]
	if dup {
		b.add(at, utf8.RuneCountInString(key.Value), "keep one of the two",
			"the key %q stands here a second time; first at line %d, column %d", name, first.Line, first.Column)
		return
	}
	own[name] = at
}

// merge adds the keys of a << value that the mapping does not have itself.
func (b *builder) merge(value *yaml.Node, n *Node, own map[string]Pos) {
	at := b.src.pos(value.Line, value.Column)
	from := b.node(value)
	sources := []*Node{from}
	if from.kind == List {
		sources = from.items
	}
	for _, src := range sources {
		if src.kind != Map {
			b.add(at, 1, "write <<: *name, where &name marks a mapping", "<< merges mappings, found %s", src.kind)
			return
		}
		for _, e := range src.entries {
			if _, ok := own[e.Key]; ok || n.Key(e.Key) != nil || b.tooBig {
				continue
			}
			n.entries = append(n.entries, e)
			b.grow(n, e.Value, at)
		}
	}
}
