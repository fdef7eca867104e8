// Package handlebars reads and renders Handlebars templates without escaping, with bounds on output and
// work, and with helpers that hand values to one another.
package handlebars

import (
	"fmt"
	"slices"
	"strings"
)

// Template is a parsed template. It is immutable.
type Template struct {
	nodes []node
	calls []string
}

// Calls are the names that the template uses as helpers: with arguments, or as a block.
func (t *Template) Calls() []string { return t.calls }

type node any

// output prints the value of an expression.
type output struct{ expr expr }

// section is a block: {{#name args}} ... {{else}} ... {{/name}}.
type section struct {
	call     *invocation
	params   []string
	inverted bool
	body     []node
	inverse  []node
}

// maxNesting bounds blocks and subexpressions inside one another.
const maxNesting = 100

type parser struct {
	src   string
	at    int
	depth int
	calls map[string]bool
	trim  bool // the text that follows loses its leading white space
}

// tag is one {{...}} with what tells it apart.
type tag struct {
	kind byte // '#', '^', '/', '&', or 0 for a plain one
	text string
	at   int
}

// Parse reads a template. Partials, decorators, raw blocks and changed delimiters are refused by name, so
// that no template can call another.
func Parse(source string) (*Template, error) {
	p := &parser{src: source, calls: map[string]bool{}}
	nodes, end, err := p.nodes()
	if err != nil {
		return nil, err
	}
	if end != nil {
		return nil, p.errorf(end.at, "{{%s}} closes or divides no block", end.text)
	}
	var calls []string
	for name := range p.calls {
		calls = append(calls, name)
	}
	slices.Sort(calls)
	return &Template{nodes: nodes, calls: calls}, nil
}

func (p *parser) errorf(at int, format string, args ...any) error {
	line := 1 + strings.Count(p.src[:min(at, len(p.src))], "\n")
	return fmt.Errorf("template line %d: %s", line, fmt.Sprintf(format, args...))
}

// nodes reads up to the end, or to a tag that closes or divides a block, which is returned.
func (p *parser) nodes() (list []node, end *tag, err error) {
	if p.depth++; p.depth > maxNesting {
		return nil, nil, p.errorf(p.at, "blocks are nested more than %d deep", maxNesting)
	}
	defer func() { p.depth-- }()
	for {
		text, more := p.text()
		if !more {
			return appendText(list, text), nil, nil
		}
		t, left, err := p.tag()
		if err != nil {
			return nil, nil, err
		}
		if left {
			text = strings.TrimRight(text, " \t\r\n")
		}
		list = appendText(list, text)
		if t == nil {
			continue
		}
		if t.kind == '/' || divides(t) {
			return list, t, nil
		}
		n, err := p.node(t)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, n)
	}
}

func divides(t *tag) bool {
	return t.kind == '^' && t.text == "" || t.kind == 0 && (t.text == "else" || strings.HasPrefix(t.text, "else "))
}

func appendText(list []node, text string) []node {
	if text == "" {
		return list
	}
	return append(list, text)
}

// text reads up to the next tag.
func (p *parser) text() (text string, more bool) {
	i := strings.Index(p.src[p.at:], "{{")
	if more = i >= 0; !more {
		i = len(p.src) - p.at
	}
	text = p.src[p.at : p.at+i]
	p.at += i
	return p.trimmed(text), more
}

func (p *parser) trimmed(s string) string {
	if p.trim {
		p.trim = false
		return strings.TrimLeft(s, " \t\r\n")
	}
	return s
}

// tag reads one tag; nil stands for a comment. left tells that the text before loses its white space.
func (p *parser) tag() (t *tag, left bool, err error) {
	start := p.at
	p.at += 2
	closing := "}}"
	if strings.HasPrefix(p.src[p.at:], "{{") {
		return nil, false, p.errorf(start, "raw blocks {{{{...}}}} are not supported")
	}
	if strings.HasPrefix(p.src[p.at:], "{") {
		closing, p.at = "}}}", p.at+1
	}
	if strings.HasPrefix(p.src[p.at:], "~") {
		left, p.at = true, p.at+1
	}
	if strings.HasPrefix(p.src[p.at:], "!--") {
		closing = "--}}"
		if i := strings.Index(p.src[p.at:], "--~}}"); i >= 0 && i < indexOrEnd(p.src[p.at:], closing) {
			closing = "--~}}"
		}
	}
	end := p.find(closing)
	if end < 0 {
		return nil, false, p.errorf(start, "{{ is not closed")
	}
	inner := p.src[p.at:end]
	p.at = end + len(closing)
	if strings.HasSuffix(inner, "~") || closing == "--~}}" {
		inner, p.trim = strings.TrimSuffix(inner, "~"), true
	}
	if strings.HasPrefix(inner, "!") {
		return nil, left, nil
	}
	t, err = p.classify(inner, start)
	return t, left, err
}

func indexOrEnd(s, sub string) int {
	if i := strings.Index(s, sub); i >= 0 {
		return i
	}
	return len(s)
}

// find seeks the closing braces outside of quotes.
func (p *parser) find(closing string) int {
	if strings.HasPrefix(p.src[p.at:], "!") {
		if i := strings.Index(p.src[p.at:], closing); i >= 0 {
			return p.at + i
		}
		return -1
	}
	quote := byte(0)
	for i := p.at; i < len(p.src); i++ {
		c := p.src[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.HasPrefix(p.src[i:], closing):
			return i
		}
	}
	return -1
}

func (p *parser) classify(inner string, at int) (*tag, error) {
	t := &tag{text: strings.TrimSpace(inner), at: at}
	if t.text == "" {
		return nil, p.errorf(at, "{{}} is empty")
	}
	switch c := t.text[0]; c {
	case '>':
		return nil, p.errorf(at, "partials {{> ...}} are not supported")
	case '=':
		return nil, p.errorf(at, "changed delimiters {{= ...}} are not supported")
	case '*':
		return nil, p.errorf(at, "decorators {{* ...}} are not supported")
	case '#', '^', '/', '&':
		t.kind, t.text = c, strings.TrimSpace(t.text[1:])
	}
	if t.kind == '#' && strings.HasPrefix(t.text, "*") || t.kind == '#' && strings.HasPrefix(t.text, ">") {
		return nil, p.errorf(at, "{{#%s}} is not supported", t.text)
	}
	return t, nil
}

func (p *parser) node(t *tag) (node, error) {
	if t.kind == '#' || t.kind == '^' {
		return p.section(t)
	}
	e, err := p.expression(t)
	return output{e}, err
}

func (p *parser) section(t *tag) (*section, error) {
	s, name, err := p.open(t)
	if err != nil {
		return nil, err
	}
	end, err := p.fill(s)
	if err != nil {
		return nil, err
	}
	if end == nil {
		return nil, p.errorf(t.at, "{{#%s}} is not closed", name)
	}
	if end.text != name {
		return nil, p.errorf(end.at, "{{/%s}} closes {{#%s}}", end.text, name)
	}
	return s, nil
}

func (p *parser) open(t *tag) (s *section, name string, err error) {
	x := scanner{p: p, src: t.text, at: t.at}
	call, params, err := x.block()
	if err != nil {
		return nil, "", err
	}
	if len(call.args)+len(call.named) > 0 {
		p.calls[call.name()] = true
	}
	return &section{call: call, params: params, inverted: t.kind == '^'}, call.path.text, nil
}

// fill reads the bodies of a block up to the tag that closes it. {{else if x}} is a block of its own
// in the inverse, closed by the same tag.
func (p *parser) fill(s *section) (*tag, error) {
	body, end, err := p.nodes()
	s.body = body
	if err != nil || end == nil || end.kind == '/' {
		return end, err
	}
	rest := strings.TrimSpace(strings.TrimPrefix(end.text, "else"))
	if rest != "" {
		inner, _, err := p.open(&tag{text: rest, at: end.at})
		if err != nil {
			return nil, err
		}
		s.inverse = []node{inner}
		if p.depth++; p.depth > maxNesting {
			return nil, p.errorf(end.at, "more than %d branches", maxNesting)
		}
		defer func() { p.depth-- }()
		return p.fill(inner)
	}
	s.inverse, end, err = p.nodes()
	if err == nil && end != nil && end.kind != '/' {
		return nil, p.errorf(end.at, "a block has two {{else}}")
	}
	return end, err
}

func (p *parser) expression(t *tag) (expr, error) {
	x := scanner{p: p, src: t.text, at: t.at}
	call, _, err := x.block()
	if err != nil {
		return nil, err
	}
	if len(call.args) == 0 && len(call.named) == 0 {
		return call, nil
	}
	p.calls[call.name()] = true
	return call, nil
}
