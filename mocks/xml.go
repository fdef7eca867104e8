package mocks

import (
	"errors"
	"strings"

	"github.com/antchfx/xmlquery"
)

// maxXMLDepth bounds documents that are walked recursively.
const maxXMLDepth = 1000

// parseXML reads one XML document.
func parseXML(text string) (*xmlquery.Node, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "<") {
		return nil, errors.New("it is not XML")
	}
	if tooDeep(text) {
		return nil, errors.New("its elements are nested too deep")
	}
	doc, err := xmlquery.ParseWithOptions(strings.NewReader(text), xmlquery.ParserOptions{
		Decoder: &xmlquery.DecoderOptions{Strict: true},
	})
	if err != nil {
		return nil, err
	}
	roots := 0
	for n := doc.FirstChild; n != nil; n = n.NextSibling {
		switch {
		case n.Type == xmlquery.ElementNode:
			roots++
		case n.Type == xmlquery.TextNode && strings.TrimSpace(n.Data) != "":
			return nil, errors.New("text stands outside of its root element")
		}
	}
	if roots != 1 {
		return nil, errors.New("it does not have one root element")
	}
	return doc, nil
}

// tooDeep counts tags before the document is parsed, because parsing slows down with the depth.
func tooDeep(text string) bool {
	depth := 0
	for i := strings.IndexByte(text, '<'); i >= 0 && depth <= maxXMLDepth; i = strings.IndexByte(text, '<') {
		text = text[i:]
		end := ">"
		switch {
		case strings.HasPrefix(text, "<!--"):
			end = "-->"
		case strings.HasPrefix(text, "<![CDATA["):
			end = "]]>"
		case strings.HasPrefix(text, "</"):
			depth--
		case !strings.HasPrefix(text, "<?") && !strings.HasPrefix(text, "<!"):
			depth++
		}
		i := strings.Index(text, end)
		if i < 0 {
			break
		}
		if end == ">" && text[i-1] == '/' {
			depth--
		}
		text = text[i+len(end):]
	}
	return depth > maxXMLDepth
}

// xml is the value read as XML, or nil where it is none.
func (v *Value) xml() *xmlquery.Node {
	if !v.xmlParsed {
		v.xmlParsed = true
		if doc, err := parseXML(v.Text); err == nil {
			v.document = doc
		}
	}
	return v.document
}

// root is the document's element.
func root(doc *xmlquery.Node) *xmlquery.Node {
	for n := doc.FirstChild; n != nil; n = n.NextSibling {
		if n.Type == xmlquery.ElementNode {
			return n
		}
	}
	return nil
}

func elements(n *xmlquery.Node) []*xmlquery.Node {
	var list []*xmlquery.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == xmlquery.ElementNode {
			list = append(list, c)
		}
	}
	return list
}

// ownText is the text of an element without that of its children, and without white space around each
// piece.
func ownText(n *xmlquery.Node) string {
	var parts []string
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == xmlquery.TextNode || c.Type == xmlquery.CharDataNode {
			if s := strings.TrimSpace(c.Data); s != "" {
				parts = append(parts, s)
			}
		}
	}
	return strings.Join(parts, " ")
}
