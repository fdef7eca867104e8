package compare

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// maxXMLDepth bounds how deep elements may be nested; deeper bodies are compared as text.
const maxXMLDepth = 1000

// xmlBody compares XML by structure: names with their namespaces, attributes in any order, text
// trimmed, child elements in order; comments and processing instructions are left out. It is false if
// one of the bodies is not well-formed.
func (w *walk) xmlBody(e, a []byte) bool {
	recorded, err := parseXML(e)
	if err != nil {
		return false
	}
	actual, err := parseXML(a)
	if err != nil {
		return false
	}
	w.xml = true
	w.diff(root("/"+recorded.text), recorded, actual)
	return true
}

// parseXML reads a document into a tree of elements.
func parseXML(body []byte) (*value, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	// Bodies are kept as they came; names and structure compare alike in any ASCII-based charset.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var document *value
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && document != nil:
			return document, nil
		case err != nil:
			return nil, err
		}
		start, ok := token.(xml.StartElement)
		switch {
		case ok && document != nil:
			return nil, errors.New("more than one root element")
		case ok:
			if document, err = parseElement(d, start, 0); err != nil {
				return nil, err
			}
		}
	}
}

// parseElement reads up to the end of the element that has been opened.
func parseElement(d *xml.Decoder, start xml.StartElement, depth int) (*value, error) {
	if depth > maxXMLDepth {
		return nil, errors.New("nested too deep")
	}
	attributes, children := attributesOf(start), value{kind: arrayKind}
	var text strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.CharData:
			text.Write(token)
		case xml.StartElement:
			child, err := parseElement(d, token, depth+1)
			if err != nil {
				return nil, err
			}
			children.kids = append(children.kids, *child)
		case xml.EndElement:
			if s := strings.TrimSpace(text.String()); s != "" {
				attributes.kids = append(attributes.kids, value{kind: stringKind, key: "text()", text: s})
			}
			kids := []value{attributes, children}
			return &value{kind: elementKind, text: qualified(start.Name), kids: kids}, nil
		}
	}
}

// attributesOf lists the attributes, sorted; declarations of namespaces are part of the names already.
func attributesOf(start xml.StartElement) value {
	attributes := value{kind: objectKind}
	for _, a := range start.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		attributes.kids = append(attributes.kids,
			value{kind: stringKind, key: "@" + qualified(a.Name), text: a.Value})
	}
	sortByKey(attributes.kids)
	return attributes
}

// qualified writes a name in a namespace as {namespace}name.
func qualified(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return "{" + name.Space + "}" + name.Local
}
