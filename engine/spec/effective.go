package spec

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// Effective is the document as it is used, as YAML that can be read again: variables put in, aliases and
// merge keys resolved, comments gone. What is left to run time stays as it is, and what came from a
// variable or environment variable that is named like a secret is shown as ***.
func Effective(doc *Document) []byte {
	if doc.Root == nil {
		return nil
	}
	out, err := yaml.Dump(doc.yaml(doc.Root), yaml.WithLineWidth(-1))
	if err != nil {
		return []byte("# cannot be shown: " + strings.ReplaceAll(err.Error(), "\n", " ") + "\n")
	}
	return out
}

func (d *Document) yaml(n *Node) *yaml.Node {
	switch n.Kind() {
	case Map:
		y := &yaml.Node{Kind: yaml.MappingNode}
		for _, e := range n.entries {
			y.Content = append(y.Content, text(e.Key), d.yaml(e.Value))
		}
		return y
	case List:
		y := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range n.items {
			y.Content = append(y.Content, d.yaml(item))
		}
		return y
	case Scalar:
		return d.yamlScalar(n)
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}

// text is a scalar that is read as text again, whatever it looks like.
func text(s string) *yaml.Node {
	y := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"}
	y.SetString(s)
	return y
}

// filled tells whether a quoted scalar is a variable's number or truth value: it is read as one, and in
// quotes it would be read as text.
func (n *Node) filled() bool {
	_, number := n.Float()
	_, truth := n.Bool()
	return number || truth
}

func (d *Document) yamlScalar(n *Node) *yaml.Node {
	shown := d.escape(n.masked())
	if (n.style == plain || n.filled()) && n.shown == "" && shown != "" {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: shown}
	}
	y := text(shown)
	if !strings.Contains(shown, "\n") {
		y.Style = yaml.DoubleQuotedStyle
	}
	return y
}

// escape writes $${ where a ${ would be taken for a reference on the next reading.
func (d *Document) escape(s string) string {
	var b strings.Builder
	from := 0
	for {
		next := strings.Index(s[from:], "${")
		if next < 0 {
			return b.String() + s[from:]
		}
		at := from + next
		b.WriteString(s[from:at])
		if !d.isRuntime(bodyOf(s[at:])) && !strings.HasSuffix(s[:at], "$") {
			b.WriteByte('$')
		}
		b.WriteString("${")
		from = at + 2
	}
}

func (d *Document) isRuntime(ref string) bool {
	return (&expander{o: Options{Reserved: d.reserved}}).isReserved(ref)
}
