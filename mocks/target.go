package mocks

import (
	"regexp"
	"slices"
	"strings"
)

// target checks and compiles the URL fields.
func (d *decoder) target(path string, r *RequestPattern) {
	var set []string
	for _, f := range []struct{ name, value string }{
		{"url", r.URL},
		{"urlPattern", r.URLPattern},
		{"urlPath", r.URLPath},
		{"urlPathPattern", r.URLPathPattern},
		{"urlPathTemplate", r.URLPathTemplate},
	} {
		if f.value != "" {
			set = append(set, f.name)
		}
	}
	if len(set) > 1 {
		d.problem(path, "%s stand together; give one of them", strings.Join(set, " and "))
	}
	if len(r.PathParameters) > 0 && r.URLPathTemplate == "" {
		d.problem(path+".pathParameters", "needs a urlPathTemplate")
	}
	var err error
	switch {
	case r.URLPattern != "":
		r.re, err = d.full(r.URLPattern)
	case r.URLPathPattern != "":
		r.re, err = d.full(r.URLPathPattern)
	case r.URLPathTemplate != "":
		r.re, r.vars = compileTemplate(r.URLPathTemplate)
		d.templateVars(path, r)
	}
	if err != nil {
		d.problem(join(path, set[0]), "%v", err)
	}
}

func (d *decoder) templateVars(path string, r *RequestPattern) {
	for name := range r.PathParameters {
		if !slices.Contains(r.vars, name) {
			d.problem(path+".pathParameters."+name, "has no {%s} in %s", name, r.URLPathTemplate)
		}
	}
}

// compileTemplate turns a path template into a full match: {name} is a part of one segment, ** is
// anything.
func compileTemplate(template string) (*regexp.Regexp, []string) {
	var expr strings.Builder
	var vars []string
	special := regexp.MustCompile(`\{([^}]+)\}|\*\*`)
	end := 0
	for _, m := range special.FindAllStringSubmatchIndex(template, -1) {
		expr.WriteString(regexp.QuoteMeta(template[end:m[0]]))
		if end = m[1]; m[2] < 0 {
			expr.WriteString(".*?")
			continue
		}
		vars = append(vars, template[m[2]:m[3]])
		expr.WriteString("([^/]+)")
	}
	expr.WriteString(regexp.QuoteMeta(template[end:]))
	return regexp.MustCompile(`\A` + expr.String() + `\z`), vars
}

// pathParameter is the value of a template's variable in a path that matches, still escaped.
func (p *RequestPattern) pathParameter(r *Request, name string) []string {
	found := p.re.FindStringSubmatch(r.Path)
	i := slices.Index(p.vars, name)
	if found == nil || i < 0 {
		return nil
	}
	return []string{found[i+1]}
}
