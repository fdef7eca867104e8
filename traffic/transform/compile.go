package transform

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

// New compiles the transforms of a run file and reads the files they name. The chain is never nil.
func New(list []Config, o Options) (*Chain, spec.Diagnostics) {
	c := &Chain{clock: &clock{now: o.Now}}
	var ds spec.Diagnostics
	for _, config := range list {
		compiler := compiler{Config: config, options: o, clock: c.clock, ds: &ds}
		s := compiler.step()
		if s == nil {
			continue
		}
		s.where, s.unused, s.counts = config.Where.compile(), config.AllowUnused, make([]int, len(s.parts))
		c.steps = append(c.steps, s)
		if _, ok := s.operation.(*redactStep); ok {
			c.redacts = append(c.redacts, s)
		}
	}
	return c, ds
}

// compiler makes a step of one entry.
type compiler struct {
	Config

	options Options
	clock   *clock
	ds      *spec.Diagnostics
	parts   []part
}

// kinds are the entries of the run file and what compiles them, in the order of their description.
func (c *compiler) kinds() []kind {
	return []kind{
		{"redact", c.Redact != nil, c.redact},
		{"token", c.Token != nil, c.token},
		{"user_tokens", c.UserTokens != nil, c.userTokens},
		{"jwt", c.JWT != nil, c.jwt},
		{"cookies", c.Cookies != nil, c.cookies},
		{"host", c.Host != nil, c.host},
		{"ids", c.IDs != nil, c.ids},
		{"time", c.Time != nil, c.time},
		{"set_header", c.SetHeader != nil, c.setHeader},
		{"remove_header", c.RemoveHeader != nil, c.removeHeader},
		{"json", c.JSON != nil, c.json},
		{"replace", c.Replace != nil, c.replace},
	}
}

type kind struct {
	name    string
	given   bool
	compile func() operation
}

// step is nil where the entry has a mistake.
func (c *compiler) step() *step {
	var given, all []string
	var compile func() operation
	for _, k := range c.kinds() {
		all = append(all, k.name)
		if k.given {
			given = append(given, k.name)
			compile = k.compile
		}
	}
	before := len(*c.ds)
	if len(given) != 1 {
		c.ds.Errorf(c.node.Pos(), "write each as an entry of its own: they are done in their order",
			"found %s, expected one of %s", found(given), strings.Join(all, ", "))
		return nil
	}
	sided := slices.Contains([]string{"set_header", "remove_header", "json", "replace"}, given[0])
	if c.In != "" && !sided {
		c.ds.Errorf(c.node.Key("in").Pos(), "leave it out", "in does not go with %s", given[0])
	}
	if c.In == "" {
		c.In = Request
	}
	operation := compile()
	if len(c.parts) == 0 && len(*c.ds) == before {
		c.ds.Errorf(c.node.Pos(), "name what is to be changed", "%s names nothing", given[0])
	}
	if len(*c.ds) > before {
		return nil
	}
	return &step{operation: operation, parts: c.parts}
}

func found(given []string) string {
	if len(given) == 0 {
		return "no transform"
	}
	return strings.Join(given, " and ")
}

// part adds a piece that is counted by itself.
func (c *compiler) part(at *spec.Node, format string, args ...any) {
	c.parts = append(c.parts, part{name: fmt.Sprintf(format, args...), at: at.Pos()})
}

// headers are canonical names, each a part.
func (c *compiler) headers(names []string, at *spec.Node, what string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = c.header(name, item(at, i))
		c.part(item(at, i), "%s %s", what, out[i])
	}
	return out
}

// item is a node of a list that may be written as a single value.
func item(at *spec.Node, i int) *spec.Node {
	if items := at.Items(); i < len(items) {
		return items[i]
	}
	return at
}

var headerName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // a token of RFC 9110

func (c *compiler) header(name string, at *spec.Node) string {
	if !headerName.MatchString(name) {
		c.ds.Errorf(at.Pos(), "write a name such as Authorization", "found %q, expected the name of a header", name)
	}
	return canonical(name)
}

// value refuses what no header can hold. The value itself may be a secret.
func (c *compiler) value(value string, at *spec.Node) string {
	if strings.ContainsAny(value, "\r\n\x00") {
		c.ds.Errorf(at.Pos(), "take the line break out; a variable may end in one", "the value has a line break in it")
	}
	return value
}

// read reads a file that an entry names.
func (c *compiler) read(path string, at *spec.Node) ([]byte, bool) {
	if c.options.Resolve != nil {
		path = c.options.Resolve(path)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		c.ds.Errorf(at.Pos(), "paths are relative to the run file", "reading a file of transforms: %v", err)
	}
	return src, err == nil
}

func (c *compiler) table(path string, at *spec.Node) map[string]string {
	src, ok := c.read(path, at)
	if !ok {
		return nil
	}
	table, err := parseTable(src)
	if err != nil {
		c.ds.Errorf(at.Pos(), "each line has two values, such as old,new", "%s: %v", path, err)
	}
	return table
}
