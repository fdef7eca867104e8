package spec

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// checkProperties refuses tags that the run file does not know and anchors that nothing repeats: both
// are mostly expressions that lack their quotes.
func (b *builder) checkProperties(y *yaml.Node, n *Node) {
	switch {
	case b.src.fixAt(n.pos):
	case y.Style&yaml.TaggedStyle != 0 && !isKnownTag(n.tag):
		b.misread(n, "YAML reads ! as the start of a tag, here "+n.tag)
	case y.Anchor != "" && !b.used[y] && looksBroken(y):
		b.misread(n, "YAML reads & as the name of an anchor, here &"+y.Anchor)
	}
}

func isKnownTag(tag string) bool {
	switch tag {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!timestamp":
		return true
	}
	return false
}

// looksBroken tells whether an anchored value is the rest of an expression.
func looksBroken(y *yaml.Node) bool {
	if y.Kind != yaml.ScalarNode || y.Style&^yaml.TaggedStyle != 0 {
		return false
	}
	return y.Value == "" || strings.ContainsAny(y.Value[:1], "=<>&|+*/?!~-")
}

// checkScalar refuses >5 and the like, which YAML takes for the header of an empty block.
func (b *builder) checkScalar(y *yaml.Node, n *Node) {
	if (n.style == folded || n.style == literal) && !b.ds.full() && strings.TrimSpace(y.Value) == "" {
		header := string([]rune(b.src.line(n.pos.Line))[n.pos.Column-1:])
		b.misread(n, "YAML reads "+header[:1]+" as the start of a block of text, and no text follows")
	}
}

// misread reports an unquoted expression, and reads it as it was meant.
func (b *builder) misread(n *Node, reason string) {
	if b.ds.full() {
		return
	}
	line := []rune(b.src.line(n.pos.Line))
	from := n.pos.Column - 1
	_, end, _ := entryAt(line, from, b.src.continuesFlow(n.pos.Line))
	end = commentAfter(line, from, max(from, end))
	value := string(line[from:end])
	b.add(n.pos, max(1, end-from), quoteHint(keyBefore(line, from), value), "%s", reason)
	n.kind, n.style, n.tag, n.raw, n.text = Scalar, repaired, "!!str", value, value
	n.entries, n.items = nil, nil
}
