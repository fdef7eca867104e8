package mocks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/antchfx/xmlquery"
)

// equalToXML compares a document by structure, as WireMock does through XMLUnit: white space around text,
// comments, prefixes, the order of attributes and the order of elements of different names do not count.
type equalToXML struct {
	want     *xmlquery.Node
	anyOrder bool     // of elements of one name, too
	exempt   []string // comparisons that are left out, by XMLUnit's names
	plain    bool     // namespaces do not count
	holder   *regexp.Regexp
}

func xmlModifiers() []string {
	return []string{
		"enablePlaceholders", "placeholderOpeningDelimiterRegex", "placeholderClosingDelimiterRegex",
		"exemptedComparisons", "ignoreOrderOfSameNode", "namespaceAwareness",
	}
}

// xmlComparisons are XMLUnit's names of what can be left out. The last three never count here.
func xmlComparisons() []string {
	return []string{
		"ELEMENT_TAG_NAME", "NAMESPACE_URI", "TEXT_VALUE", "ELEMENT_NUM_ATTRIBUTES", "ATTR_VALUE",
		"CHILD_NODELIST_LENGTH", "CHILD_LOOKUP", "ATTR_NAME_LOOKUP", "NODE_TYPE", "SCHEMA_LOCATION",
		"NO_NAMESPACE_SCHEMA_LOCATION", "PROCESSING_INSTRUCTION_TARGET", "PROCESSING_INSTRUCTION_DATA",
		"NAMESPACE_PREFIX", "XML_STANDALONE", "CHILD_NODELIST_SEQUENCE",
	}
}

func (m *equalToXML) match(v *Value) bool {
	if !v.Present || m.want == nil {
		return false
	}
	doc := v.xml()
	return doc != nil && m.differs("", m.want, root(doc)) == nil
}

func (m *equalToXML) counts(comparison string) bool { return !slices.Contains(m.exempt, comparison) }

// differs is the first difference below an element, or nil. Where is an XPath.
func (m *equalToXML) differs(at string, want, got *xmlquery.Node) *Difference {
	at += "/" + want.Data
	switch {
	case m.counts("ELEMENT_TAG_NAME") && want.Data != got.Data:
		return &Difference{at, want.Data, got.Data}
	case m.counts("NAMESPACE_URI") && !m.plain && want.NamespaceURI != "" && want.NamespaceURI != got.NamespaceURI:
		return &Difference{at, want.NamespaceURI, got.NamespaceURI}
	}
	if d := m.attributes(at, want, got); d != nil {
		return d
	}
	a, b := ownText(want), ownText(got)
	if m.counts("TEXT_VALUE") && a != b && !m.accepts(a, b) {
		return &Difference{at + "/text()", shorten(a), shorten(b)}
	}
	return m.children(at, want, got)
}

func (m *equalToXML) children(at string, want, got *xmlquery.Node) *Difference {
	a, b := m.ordered(elements(want)), m.ordered(elements(got))
	if len(a) != len(b) && m.counts("CHILD_NODELIST_LENGTH") {
		return &Difference{at, names(a), names(b)}
	}
	for i, child := range a {
		if i >= len(b) {
			if m.counts("CHILD_LOOKUP") {
				return &Difference{at + "/" + child.Data, child.Data, missing}
			}
			return nil
		}
		if d := m.differs(at, child, b[i]); d != nil {
			return d
		}
	}
	return nil
}

// ordered sorts by name, and by text where the order of one name does not count either.
func (m *equalToXML) ordered(list []*xmlquery.Node) []*xmlquery.Node {
	slices.SortStableFunc(list, func(a, b *xmlquery.Node) int {
		c := strings.Compare(a.Data, b.Data)
		if c == 0 && m.anyOrder {
			return cmp.Compare(a.InnerText(), b.InnerText())
		}
		return c
	})
	return list
}

func names(list []*xmlquery.Node) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Data
	}
	return fmt.Sprintf("%d elements: %s", len(list), shorten(strings.Join(out, " ")))
}

// attributes compares all attributes but the declarations of namespaces.
func (m *equalToXML) attributes(at string, want, got *xmlquery.Node) *Difference {
	a, b := m.named(want), m.named(got)
	for _, name := range sortedKeys(a) {
		actual, there := b[name]
		switch {
		case !there && m.counts("ATTR_NAME_LOOKUP"):
			return &Difference{at + "/@" + name, a[name], missing}
		case there && m.counts("ATTR_VALUE") && a[name] != actual && !m.accepts(a[name], actual):
			return &Difference{at + "/@" + name, a[name], actual}
		}
	}
	if len(a) != len(b) && m.counts("ELEMENT_NUM_ATTRIBUTES") {
		return &Difference{at + "/@*", strings.Join(sortedKeys(a), " "), strings.Join(sortedKeys(b), " ")}
	}
	return nil
}

func (m *equalToXML) named(n *xmlquery.Node) map[string]string {
	out := map[string]string{}
	for _, a := range n.Attr {
		if a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns" {
			continue
		}
		name := a.Name.Local
		if a.NamespaceURI != "" && !m.plain {
			name = "{" + a.NamespaceURI + "}" + name
		}
		out[name] = a.Value
	}
	return out
}

// accepts judges a placeholder of XMLUnit.
func (m *equalToXML) accepts(want, got string) bool {
	if m.holder == nil {
		return false
	}
	found := m.holder.FindStringSubmatch(want)
	if found == nil {
		return false
	}
	switch name, arg := found[1], found[2]; name {
	case "ignore":
		return true
	case "isNumber":
		return exactNumber(got) != nil
	case "isDateTime":
		if arg == "" {
			return parseMoment(got).ok
		}
		f, err := parseDateFormat(arg)
		if err != nil {
			return false
		}
		_, _, err = f.parse(got)
		return err == nil
	case "matchesRegex":
		re, err := compileAnywhere(arg)
		return err == nil && re.MatchString(got)
	}
	return false
}

func takeEqualToXML(d *decoder, path string, f fields) matcher {
	m := &equalToXML{}
	var text, awareness string
	placeholders, opening, closing := false, `\$\{`, `\}`
	into(d, &text, "XML in a string")(path+".equalToXml", f["equalToXml"])
	d.optional(path, f, "enablePlaceholders", into(d, &placeholders, "true or false"))
	d.optional(path, f, "placeholderOpeningDelimiterRegex", into(d, &opening, "a regular expression"))
	d.optional(path, f, "placeholderClosingDelimiterRegex", into(d, &closing, "a regular expression"))
	d.optional(path, f, "ignoreOrderOfSameNode", into(d, &m.anyOrder, "true or false"))
	d.optional(path, f, "namespaceAwareness", into(d, &awareness, "STRICT, LEGACY or NONE"))
	d.optional(path, f, "exemptedComparisons", func(path string, raw json.RawMessage) {
		into(d, &m.exempt, "a list of names")(path, raw)
		for _, name := range m.exempt {
			if !slices.Contains(xmlComparisons(), name) {
				d.problem(path, "%q is not supported; expected one of %s", name, strings.Join(xmlComparisons(), ", "))
			}
		}
	})
	switch awareness {
	case "", "STRICT":
	case "LEGACY", "NONE":
		m.plain = true
	default:
		d.problem(path+".namespaceAwareness", "expected STRICT, LEGACY or NONE, got %q", awareness)
	}
	if placeholders {
		d.xmlPlaceholders(path, opening, closing, text, m)
	}
	doc, err := parseXML(text)
	if err != nil {
		d.problem(path+".equalToXml", "expected XML: %v", err)
		return m
	}
	m.want = root(doc)
	return m
}

// xmlPlaceholders compiles the form of placeholders and checks those of the expected document.
func (d *decoder) xmlPlaceholders(path, opening, closing, text string, m *equalToXML) {
	expr := `^\s*` + opening + `\s*xmlunit\.(\w+)(?:\((.*)\))?\s*` + closing + `\s*$`
	re, err := regexp.Compile(expr)
	if err == nil {
		err = refuseJava(opening + closing)
	}
	if err != nil {
		d.problem(path+".placeholderOpeningDelimiterRegex", "%v", err)
		return
	}
	m.holder = re
	known := []string{"ignore", "isNumber", "isDateTime", "matchesRegex"}
	for _, found := range regexp.MustCompile(`xmlunit\.(\w+)(?:\(([^<]*)\))?`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, found[1]) {
			d.problem(path+".equalToXml", "the placeholder xmlunit.%s is not supported", found[1])
		}
		if found[1] == "matchesRegex" {
			if _, err := compileAnywhere(found[2]); err != nil {
				d.problem(path+".equalToXml", "%v", err)
			}
		}
	}
}
