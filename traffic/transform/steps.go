package transform

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
)

func (c *compiler) redact() operation {
	at := c.node.Key("redact")
	s := &redactStep{paths: newPaths(), shares: map[string]*share{}, query: c.Redact.Query, form: c.Redact.Form}
	s.headers = c.headers(c.Redact.Headers, at.Key("headers"), "redact header")
	c.addPaths(s.paths, c.Redact.JSON, at.Key("json"), 0, "redact json")
	for i, name := range s.query {
		c.part(item(at.Key("query"), i), "redact query %s", name)
	}
	for i, name := range s.form {
		c.part(item(at.Key("form"), i), "redact form %s", name)
	}
	return s
}

// addPaths compiles JSONPaths, each a part.
func (c *compiler) addPaths(to *paths, list []string, at *spec.Node, first int, what string) {
	for i, text := range list {
		if err := to.add(text, first+i); err != nil {
			c.ds.Errorf(item(at, i).Pos(), "", "%s: %v", what, err)
		}
		c.part(item(at, i), "%s %s", what, text)
	}
}

func (c *compiler) token() operation {
	at := c.node.Key("token")
	s := &tokenStep{header: c.header(c.Token.Header, at.Key("header")), value: c.value(c.Token.Value, at.Key("value"))}
	c.part(at, "token %s", s.header)
	return s
}

func (c *compiler) userTokens() operation {
	at, u := c.node.Key("user_tokens"), c.UserTokens
	s := &userStep{
		header: c.header(u.Header, at.Key("header")), claim: u.Claim, file: filepath.Base(u.Map),
		other: c.value(u.Default, at.Key("default")), tokens: c.table(u.Map, at.Key("map")),
	}
	if s.claim == "" {
		s.claim = "sub"
	}
	for _, token := range s.tokens {
		c.value(token, at.Key("map"))
	}
	c.part(at, "user_tokens %s", s.header)
	c.part(at, "user_tokens %s by the claim %s", s.header, s.claim)
	return s
}

func (c *compiler) jwt() operation {
	at, j := c.node.Key("jwt"), c.JWT
	s := &jwtStep{
		header: c.header(j.Header, at.Key("header")), file: filepath.Base(j.KeyFile), shifts: j.ShiftTimes,
		clock: c.clock, claims: map[string]json.RawMessage{},
	}
	if src, ok := c.read(j.KeyFile, at.Key("key_file")); ok {
		var err error
		if s.key, err = parseKey(src); err != nil {
			c.ds.Errorf(at.Key("key_file").Pos(), "", "%s %v", j.KeyFile, err)
		}
	}
	for name, value := range j.Claims {
		s.claims[name] = c.marshal(value, at.Key("claims").Key(name))
	}
	c.part(at, "jwt %s", s.header)
	return s
}

func (c *compiler) marshal(value any, at *spec.Node) json.RawMessage {
	src, err := json.Marshal(value)
	if err != nil {
		c.ds.Errorf(at.Pos(), "", "this value cannot be written as JSON: %v", err)
	}
	return src
}

func (c *compiler) cookies() operation {
	at := c.node.Key("cookies")
	s := &cookieStep{set: slices.Sorted(maps.Keys(c.Cookies.Set)), remove: c.Cookies.Remove}
	for _, name := range s.set {
		value, where := c.Cookies.Set[name], at.Key("set").Key(name)
		if !headerName.MatchString(name) {
			c.ds.Errorf(where.Pos(), "write a name such as sid", "found %q, expected the name of a cookie", name)
		}
		if strings.ContainsAny(value, "; \r\n\x00") {
			c.ds.Errorf(where.Pos(), "encode it", "the cookie %s has a blank, a semicolon or a line break in its value", name)
		}
		s.values = append(s.values, value)
		c.part(where, "cookies set %s", name)
	}
	for i, name := range s.remove {
		c.part(item(at.Key("remove"), i), "cookies remove %s", name)
	}
	return s
}

var hostPort = regexp.MustCompile(`^[A-Za-z0-9_.-]+(:[0-9]+)?$|^\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\](:[0-9]+)?$`)

func (c *compiler) host() operation {
	at := c.node.Key("host")
	for key, name := range map[string]string{"from": c.Host.From, "to": c.Host.To} {
		if !hostPort.MatchString(name) {
			c.ds.Errorf(at.Key(key).Pos(), "write a name such as api.staging.internal, with a port where it has one",
				"found %q, expected a host without scheme and path", name)
		}
	}
	c.part(at, "host %s", c.Host.From)
	_, _, err := net.SplitHostPort(c.Host.To)
	return &hostStep{from: c.Host.From, to: c.Host.To, part: []byte(c.Host.From), port: err == nil}
}

func (c *compiler) ids() operation {
	at := c.node.Key("ids")
	c.part(at, "ids %s", c.IDs.Map)
	ids := c.table(c.IDs.Map, at.Key("map"))
	for _, id := range slices.Sorted(maps.Values(ids)) {
		c.value(id, at.Key("map"))
	}
	return newIDStep(ids)
}

func (c *compiler) time() operation {
	at := c.node.Key("time")
	c.part(at, "time %s", at.Key("shift").Text())
	return newTimeStep(c.Time.Shift, c.clock)
}

func (c *compiler) setHeader() operation {
	at := c.node.Key("set_header")
	s := &setHeaderStep{in: c.In}
	for _, name := range slices.Sorted(maps.Keys(c.SetHeader)) {
		s.names = append(s.names, c.header(name, at.Key(name)))
		s.values = append(s.values, c.value(c.SetHeader[name], at.Key(name)))
		c.part(at.Key(name), "set_header %s", http.CanonicalHeaderKey(name))
	}
	return s
}

func (c *compiler) removeHeader() operation {
	return &removeHeaderStep{names: c.headers(c.RemoveHeader, c.node.Key("remove_header"), "remove_header"), in: c.In}
}

func (c *compiler) json() operation {
	at := c.node.Key("json")
	s := &jsonStep{paths: newPaths(), in: c.In}
	for i, path := range slices.Sorted(maps.Keys(c.JSON.Set)) {
		where := at.Key("set").Key(path)
		s.values = append(s.values, string(c.marshal(c.JSON.Set[path], where)))
		c.addPaths(s.paths, []string{path}, where, i, "json set")
	}
	c.addPaths(s.paths, c.JSON.Remove, at.Key("remove"), len(s.values), "json remove")
	return s
}

func (c *compiler) replace() operation {
	at := c.node.Key("replace")
	expr, err := regexp.Compile(c.Replace.Regexp)
	switch {
	case err != nil:
		c.ds.Errorf(at.Key("regexp").Pos(), "expressions are written as RE2 has them", "replace: %v", err)
	case expr.MatchString(""):
		c.ds.Errorf(at.Key("regexp").Pos(), "say what must be there, such as + in place of *",
			"replace: %q matches the empty text, and so everywhere", c.Replace.Regexp)
	}
	c.part(at, "replace %s", c.Replace.Regexp)
	return &replaceStep{expr: expr, with: c.Replace.With, in: c.In}
}
