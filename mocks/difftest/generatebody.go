package difftest

import "encoding/json"

// body draws what a pattern asks of the body.
func (g *Generator) body(p tree) {
	switch g.Rand.IntN(14) {
	case 0, 1, 2, 3, 4, 5:
		patterns := []any{g.bodyPattern()}
		if g.chance(20) {
			patterns = append(patterns, g.bodyPattern())
		}
		p["bodyPatterns"] = patterns
	case 6:
		form := tree{pick(g, "user", "a b"): g.named("formParameters")}
		if g.chance(40) {
			form["second"] = g.named("formParameters")
		}
		p["formParameters"] = form
	case 7:
		p["multipartPatterns"] = []any{g.multipart()}
	case 8:
		p["basicAuthCredentials"] = tree{"username": "user", "password": "pa:ss"}
	}
}

func (g *Generator) multipart() tree {
	m := tree{}
	if g.chance(60) {
		m["matchingType"] = pick(g, "ANY", "ALL")
	}
	if g.chance(70) {
		m["name"] = "part"
	}
	if g.chance(50) {
		m["headers"] = tree{"Content-Type": g.pattern(0)}
	}
	if g.chance(70) || len(m) == 0 {
		m["bodyPatterns"] = []any{g.bodyPattern()}
	}
	return m
}

func (g *Generator) bodyPattern() tree {
	switch g.Rand.IntN(12) {
	case 0:
		return g.pattern(2)
	case 1:
		return tree{"binaryEqualTo": "AAEC/w=="}
	case 2, 3, 4:
		return g.equalToJSON()
	case 5, 6, 7:
		return tree{"matchesJsonPath": g.jsonPath()}
	case 8:
		return g.schema()
	case 9:
		return g.equalToXML()
	case 10:
		return g.xpath()
	}
	return tree{"not": g.equalToJSON()}
}

func (g *Generator) equalToJSON() tree {
	body := pick(g,
		`{"a":1,"b":[1,2,3],"c":{"d":"x"}}`, `[1,"2",null,true]`, `{"n":1.50,"m":10e2}`, `"text"`, `12`,
		`{"id":"${json-unit.any-string}","n":"${json-unit.any-number}","ok":"${json-unit.any-boolean}"}`,
		`{"a":"${json-unit.ignore}","b":"${json-unit.regex}[a-z]+\\d"}`, `{"a":{"b":{"c":[{"d":1},{"d":2}]}}}`,
		`[{"k":1},{"k":2},{"k":2}]`, `{"a":null}`, `{}`, `[]`, `{"e":"\u00e9","s":"a b"}`,
		`{"a":"${json-unit.ignore-element}","z":0}`, `[[1,2],[3]]`, `{"a":[{"x":1,"y":[1,2]},{"x":2}]}`, `[1,1,2]`,
		`{"n":-0.0,"big":12345678901234567890,"small":1e-7}`, `true`, `null`, `{"a":{},"b":[]}`, `[{"a":1},{"a":1,"b":2}]`,
		`{"list":["${json-unit.any-number}","${json-unit.any-string}"]}`, `["${json-unit.ignore}",2]`)
	p := tree{"equalToJson": body}
	if g.chance(40) {
		p["equalToJson"] = json.RawMessage(body)
	}
	if g.chance(40) {
		p["ignoreArrayOrder"] = g.chance(80)
	}
	if g.chance(40) {
		p["ignoreExtraElements"] = g.chance(80)
	}
	return p
}

func (g *Generator) jsonPath() any {
	expr := pick(g,
		"$.a", "$.a.b", "$['a']", "$.a[0]", "$.a[*].b", "$..name", "$.list[?(@.k == 'v')]", "$.list[?(@.n > 3)]",
		"$.list[?(@.k == 'v')].name", "$[0]", "$.*", "$", "$.a[-1]", "$.list[?(@.k)]", "$[?(@.a == 'x')]",
		"$.list[?(@.k =~ /v.*/i)]", "$.a.length()", "$.list[?(@.n >= 2 && @.k == 'v')]", "$.a.b.c", "$.list[0:2]",
		"$.list[?(@.k != 'v')]", "$.list[-1:]", "$['a','b']", "a.b", "$.list[?(@.k == 'v' || @.n > 3)]", "$.a.*",
		"$.list[?(!@.k)]", "$.list[?(@.k == null)]", "$..*", "$.list[?(@.n == 1.0)]", "$.list[?(@.o.p == 'v')].o",
		"$.list[*].k", "$.list.length()", "$..list[?(@.n < 10)].n", `$.list[?(@.k == "v")]`, "$.list[?(@.flag == true)]")
	if g.chance(40) {
		return expr
	}
	sub := g.pattern(1)
	if g.chance(25) {
		sub = g.equalToJSON()
	}
	if g.chance(8) {
		sub = tree{"absent": true}
	}
	sub["expression"] = expr
	return sub
}

func (g *Generator) schema() tree {
	schema := pick(g,
		`{"type":"object","required":["name"],"properties":{"name":{"type":"string","minLength":2},`+
			`"n":{"type":"integer","minimum":1}},"additionalProperties":false}`,
		`{"type":"array","items":{"type":"number"},"minItems":1}`,
		`{"type":"string","pattern":"^[a-z]+$"}`,
		`{"type":"object","properties":{"kind":{"enum":["a","b"]}}}`)
	p := tree{"matchesJsonSchema": schema}
	if g.chance(40) {
		p["matchesJsonSchema"] = json.RawMessage(schema)
	}
	if g.chance(40) {
		p["schemaVersion"] = pick(g, "V4", "V7", "V201909", "V202012")
	}
	return p
}

func (g *Generator) equalToXML() tree {
	p := tree{"equalToXml": pick(g,
		"<a><b>1</b><c>2</c></a>", `<a x="1" y="2">text</a>`, "<a><b>1</b><b>2</b></a>",
		`<p:a xmlns:p="urn:one"><p:b>x</p:b></p:a>`, "<a>${xmlunit.ignore}</a>", "<a><b/> <c> t </c></a>",
		`<a><b k="1">x</b><b k="2">y</b></a>`, "<a><![CDATA[x<y]]></a>", "<a>x&amp;y</a>", `<a xmlns="urn:two"><b>1</b></a>`,
		"<a><b>${xmlunit.isNumber}</b></a>", "<a><b>1</b>mixed<c>2</c></a>", "<a><!-- note --><b>1</b></a>")}
	if g.chance(40) {
		p["enablePlaceholders"] = true
	}
	if g.chance(20) {
		p["ignoreOrderOfSameNode"] = true
	}
	return p
}

func (g *Generator) xpath() tree {
	expr := pick(g,
		"//b", "/a/b/text()", "/a/@id", "//b[@k='v']", "/a/b[text()='x']", "count(//b)", "//p:b/text()", "/a[c='1']/b",
		"//b[1]", "/a/*", "//@id", "//b[contains(text(),'x')]", "string(//b)", "//*[local-name()='b']", "/a/b[last()]",
		"/a/b | /a/c", "boolean(//b)", "/a[@id='1']/b/text()", "not(//z)", "name(/a)", "normalize-space(//b)")
	var p tree
	if g.chance(50) {
		p = tree{"matchesXPath": expr}
	} else {
		sub := g.pattern(1)
		sub["expression"] = expr
		p = tree{"matchesXPath": sub}
	}
	if expr == "//p:b/text()" {
		p["xPathNamespaces"] = tree{"p": "urn:one"}
	}
	return p
}
