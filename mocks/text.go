package mocks

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
)

type equalTo struct {
	want string
	fold bool
}

func (m equalTo) match(v *Value) bool {
	return v.Present && (v.Text == m.want || m.fold && strings.EqualFold(v.Text, m.want))
}

func takeEqualTo(d *decoder, path string, f fields) matcher {
	var m equalTo
	into(d, &m.want, "a string")(path+".equalTo", f["equalTo"])
	d.optional(path, f, "caseInsensitive", into(d, &m.fold, "true or false"))
	return m
}

type contains struct {
	want   string
	negate bool
}

func (m contains) match(v *Value) bool {
	return (v.Present && strings.Contains(v.Text, m.want)) != m.negate
}

func takeContains(d *decoder, path string, f fields) matcher {
	var m contains
	into(d, &m.want, "a string")(path+".contains", f["contains"])
	return m
}

func takeDoesNotContain(d *decoder, path string, f fields) matcher {
	m := contains{negate: true}
	into(d, &m.want, "a string")(path+".doesNotContain", f["doesNotContain"])
	return m
}

type matches struct {
	re     *regexp.Regexp
	negate bool
}

func (m matches) match(v *Value) bool {
	return (v.Present && m.re.MatchString(v.Text)) != m.negate
}

func takeMatches(d *decoder, path string, f fields) matcher {
	return matches{re: d.regex(path+".matches", f["matches"])}
}

func takeDoesNotMatch(d *decoder, path string, f fields) matcher {
	return matches{re: d.regex(path+".doesNotMatch", f["doesNotMatch"]), negate: true}
}

// regex reads a full-match expression; on a mistake it is reported and the result never matches.
func (d *decoder) regex(path string, raw json.RawMessage) *regexp.Regexp {
	var expr string
	into(d, &expr, "a regular expression")(path, raw)
	re, err := d.full(expr)
	if err != nil {
		d.problem(path, "%v", err)
		return nil
	}
	return re
}

type absent struct{}

func (absent) match(v *Value) bool { return !v.Present }

func takeAbsent(d *decoder, path string, f fields) matcher {
	var on bool
	into(d, &on, "true")(path+".absent", f["absent"])
	if !on {
		d.problem(path+".absent", "expected true; leave the pattern out to accept any value")
	}
	return absent{}
}

type anything struct{}

func (anything) match(v *Value) bool { return v.Present }

func takeAnything(*decoder, string, fields) matcher { return anything{} }

type binaryEqualTo struct{ want string }

func (m binaryEqualTo) match(v *Value) bool { return v.Present && v.Text == m.want }

func takeBinaryEqualTo(d *decoder, path string, f fields) matcher {
	var text string
	into(d, &text, "base64 text")(path+".binaryEqualTo", f["binaryEqualTo"])
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		d.problem(path+".binaryEqualTo", "expected base64 text: %v", err)
	}
	return binaryEqualTo{want: string(data)}
}
