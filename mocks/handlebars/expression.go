package handlebars

import (
	"strconv"
	"strings"
)

type expr any

// literal is a constant.
type literal struct{ value any }

// path leads to a value: how many contexts up, whether it names data (@index), and the steps.
type path struct {
	text  string
	up    int
	data  bool
	here  bool // it starts at the context itself: this, ., ./a or ../a
	steps []string
}

// invocation is a path that may be a helper's name, with arguments.
type invocation struct {
	path  path
	value *literal // a literal in the place of the path
	args  []expr
	named []named
}

type named struct {
	name  string
	value expr
}

func (i *invocation) name() string { return i.path.text }

// scanner reads what stands between the braces of one tag.
type scanner struct {
	p     *parser
	src   string
	at    int // of the tag in the template
	pos   int
	depth int
}

func (s *scanner) errorf(format string, args ...any) error { return s.p.errorf(s.at, format, args...) }

func (s *scanner) space() {
	for s.pos < len(s.src) && strings.IndexByte(" \t\r\n", s.src[s.pos]) >= 0 {
		s.pos++
	}
}

func (s *scanner) peek() byte {
	s.space()
	if s.pos >= len(s.src) {
		return 0
	}
	return s.src[s.pos]
}

// block reads a whole tag: name, arguments, and block parameters behind "as".
func (s *scanner) block() (*invocation, []string, error) {
	call, err := s.invocation()
	if err != nil {
		return nil, nil, err
	}
	var params []string
	if s.peek() == '|' {
		if n := len(call.args); n > 0 && isPath(call.args[n-1], "as") {
			call.args = call.args[:n-1]
		}
		rest := strings.TrimSpace(s.src[s.pos+1:])
		list, closed := strings.CutSuffix(rest, "|")
		if !closed {
			return nil, nil, s.errorf("the block parameters |%s are not closed", rest)
		}
		params, s.pos = strings.Fields(list), len(s.src)
	}
	if call.value != nil {
		return nil, nil, s.errorf("expected a name in {{%s}}", s.src)
	}
	if c := s.peek(); c != 0 {
		return nil, nil, s.errorf("unexpected %q in {{%s}}", c, s.src)
	}
	return call, params, nil
}

func isPath(e expr, name string) bool {
	call, ok := e.(*invocation)
	return ok && call.path.text == name
}

// invocation reads a name with its arguments, up to a closing parenthesis, a bar or the end.
func (s *scanner) invocation() (*invocation, error) {
	if s.depth++; s.depth > maxNesting {
		return nil, s.errorf("subexpressions are nested more than %d deep", maxNesting)
	}
	defer func() { s.depth-- }()
	first, err := s.operand()
	if err != nil {
		return nil, err
	}
	call, ok := first.(*invocation)
	switch v, isLiteral := first.(literal); {
	case isLiteral:
		call = &invocation{value: &v}
	case !ok || len(call.args)+len(call.named) > 0:
		return nil, s.errorf("expected a name at the start of {{%s}}", s.src)
	}
	for c := s.peek(); c != 0 && c != ')' && c != '|'; c = s.peek() {
		if name, ok := s.hashName(); ok {
			value, err := s.operand()
			if err != nil {
				return nil, err
			}
			call.named = append(call.named, named{name, value})
			continue
		}
		arg, err := s.operand()
		if err != nil {
			return nil, err
		}
		call.args = append(call.args, arg)
	}
	return call, nil
}

// hashName reads "name=".
func (s *scanner) hashName() (string, bool) {
	i := s.pos
	for i < len(s.src) && strings.IndexByte(" \t\r\n=()|'\"", s.src[i]) < 0 {
		i++
	}
	if i == s.pos || i >= len(s.src) || s.src[i] != '=' {
		return "", false
	}
	name := s.src[s.pos:i]
	s.pos = i + 1
	return name, true
}

// operand reads a literal, a path or a subexpression.
func (s *scanner) operand() (expr, error) {
	switch c := s.peek(); c {
	case 0, ')', '|', '=':
		return nil, s.errorf("expected a value in {{%s}}", s.src)
	case '"', '\'':
		return s.quoted(c)
	case '(':
		return s.subexpression()
	}
	return s.word()
}

func (s *scanner) subexpression() (expr, error) {
	s.pos++
	call, err := s.invocation()
	if err != nil {
		return nil, err
	}
	if s.peek() != ')' {
		return nil, s.errorf("( is not closed in {{%s}}", s.src)
	}
	s.pos++
	s.p.calls[call.name()] = true
	return &subexpression{call}, nil
}

// subexpression is always a helper's call.
type subexpression struct{ call *invocation }

// quoted reads a string; a backslash keeps a quote, and everything else as it stands.
func (s *scanner) quoted(quote byte) (expr, error) {
	var b strings.Builder
	for i := s.pos + 1; i < len(s.src); i++ {
		c := s.src[i]
		if c == '\\' && i+1 < len(s.src) && s.src[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		if c == quote {
			s.pos = i + 1
			return literal{b.String()}, nil
		}
		b.WriteByte(c)
	}
	return nil, s.errorf("a string is not closed in {{%s}}", s.src)
}

// word reads a number, a constant or a path.
func (s *scanner) word() (expr, error) {
	start := s.pos
	for s.pos < len(s.src) && strings.IndexByte(" \t\r\n()|=", s.src[s.pos]) < 0 {
		if s.src[s.pos] == '[' {
			end := strings.IndexByte(s.src[s.pos:], ']')
			if end < 0 {
				return nil, s.errorf("[ is not closed in {{%s}}", s.src)
			}
			s.pos += end
		}
		s.pos++
	}
	text := s.src[start:s.pos]
	switch text {
	case "true", "false":
		return literal{text == "true"}, nil
	case "null", "undefined":
		return literal{nil}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return literal{n}, nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && strings.IndexByte("0123456789-", text[0]) >= 0 {
		return literal{f}, nil
	}
	return &invocation{path: parsePath(text)}, nil
}

// parsePath splits a.b/c.[d e] at its dots and slashes.
func parsePath(text string) path {
	p := path{text: text}
	rest := text
	if strings.HasPrefix(rest, "@") {
		p.data, rest = true, rest[1:]
	}
	for {
		switch {
		case strings.HasPrefix(rest, "../"):
			p.up, p.here, rest = p.up+1, true, rest[3:]
			continue
		case rest == "..":
			p.up, p.here, rest = p.up+1, true, ""
		case strings.HasPrefix(rest, "./"):
			p.here, rest = true, rest[2:]
			continue
		case rest == "." || rest == "this":
			p.here, rest = true, ""
		case strings.HasPrefix(rest, "this.") || strings.HasPrefix(rest, "this/"):
			p.here, rest = true, rest[5:]
			continue
		}
		break
	}
	p.steps = splitSteps(rest)
	return p
}

func splitSteps(rest string) []string {
	var steps []string
	for rest != "" {
		if strings.HasPrefix(rest, "[") {
			if end := strings.IndexByte(rest, ']'); end > 0 {
				steps = append(steps, rest[1:end])
				rest = strings.TrimLeft(rest[end+1:], "./")
				continue
			}
		}
		i := strings.IndexAny(rest, "./[")
		if i < 0 {
			return append(steps, rest)
		}
		if i > 0 {
			steps = append(steps, rest[:i])
		}
		switch {
		case rest[i] != '[':
			rest = rest[i+1:]
		case i == 0:
			return append(steps, rest)
		default:
			rest = rest[i:]
		}
	}
	return steps
}
