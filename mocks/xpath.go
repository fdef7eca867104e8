package mocks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// matchesXPath judges what an XPath 1.0 expression selects in a document.
type matchesXPath struct {
	expr *xPathQuery
	sub  *Pattern // nil asks for existence only
}

func (m matchesXPath) match(v *Value) bool {
	if !v.Present || m.expr == nil {
		return false
	}
	doc := v.xml()
	if doc == nil {
		return false
	}
	if m.sub == nil {
		found, err := m.expr.find(doc, func(*xmlquery.NodeNavigator) string { return "" }, 1)
		return err == nil && len(found) > 0
	}
	found, err := m.expr.find(doc, nodeText, mostFound)
	return err == nil && len(found) > 0 && m.sub.MatchValues(found)
}

// mostFound bounds the nodes of one result.
const mostFound = 100_000

// xPathQuery is a compiled expression that is safe for concurrent use, which the library's is not.
type xPathQuery struct {
	mu   sync.Mutex
	expr *xpath.Expr
}

// find evaluates the expression: up to most nodes, by their text. A plain number, text or boolean is one
// value.
func (q *xPathQuery) find(
	doc *xmlquery.Node, text func(*xmlquery.NodeNavigator) string, most int,
) (found []string, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer func() {
		// The library panics where a function gets arguments that it does not take.
		if r := recover(); r != nil {
			err = fmt.Errorf("evaluating XPath: %v", r)
		}
	}()
	switch result := q.expr.Evaluate(xmlquery.CreateXPathNavigator(doc)).(type) {
	case *xpath.NodeIterator:
		return texts(result, text, most)
	case float64:
		return []string{numberText(result)}, nil
	default:
		return []string{fmt.Sprint(result)}, nil
	}
}

func texts(nodes *xpath.NodeIterator, text func(*xmlquery.NodeNavigator) string, most int) ([]string, error) {
	var found []string
	size := 0
	for len(found) < most && nodes.MoveNext() {
		at, ok := nodes.Current().(*xmlquery.NodeNavigator)
		if !ok {
			continue
		}
		found = append(found, text(at))
		if size += len(found[len(found)-1]); size > mostSelected {
			return nil, errTooLong
		}
	}
	return found, nil
}

// mostSelected bounds the text of one result, in bytes.
const mostSelected = 128 << 20

// numberText writes a number as XPath's string() does.
func numberText(f float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%v", f), ".0")
}

// nodeText is an element as XML in lines, as Java's transformer writes it, or the text of any other node.
func nodeText(at *xmlquery.NodeNavigator) string {
	if at.NodeType() != xpath.ElementNode {
		return at.Value()
	}
	text := at.Current().OutputXMLWithOptions(xmlquery.WithOutputSelf(), xmlquery.WithEmptyTagSupport())
	if lines, err := indentXML(text); err == nil {
		return lines
	}
	return text
}

// compileXPath compiles an expression; unknown prefixes are taken as they stand in the document.
func compileXPath(expr string, namespaces map[string]string) (*xPathQuery, error) {
	compiled, err := xpath.Compile(expr)
	if len(namespaces) > 0 {
		compiled, err = xpath.CompileWithNS(expr, namespaces)
	}
	if err != nil {
		return nil, err
	}
	return &xPathQuery{expr: compiled}, nil
}

func takeMatchesXPath(d *decoder, path string, f fields) matcher {
	var namespaces map[string]string
	d.optional(path, f, "xPathNamespaces", into(d, &namespaces, "an object of prefixes and namespaces"))
	path += ".matchesXPath"
	raw, m := f["matchesXPath"], matchesXPath{}
	var expr string
	if strings.HasPrefix(strings.TrimSpace(string(raw)), "{") {
		sub := d.fields(path, raw)
		d.required(path, sub, "expression", into(d, &expr, "an XPath"))
		d.optional(path, sub, "xPathNamespaces", into(d, &namespaces, "an object of prefixes and namespaces"))
		delete(sub, "expression")
		delete(sub, "xPathNamespaces")
		if len(sub) > 0 {
			m.sub = d.patternOf(path, sub)
		}
	} else {
		into(d, &expr, "an XPath or an object with expression")(path, raw)
	}
	var err error
	if m.expr, err = compileXPath(expr, namespaces); err != nil {
		d.problem(path, "%q is not an XPath 1.0 expression: %v", expr, err)
	}
	return m
}
