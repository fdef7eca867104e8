package difftest

import (
	_ "embed"
	"strings"
)

// templateText holds a response template in each line; its result is the same for the same request.
//
//go:embed templates.txt
var templateText string

func templates() []string { return strings.Split(strings.TrimSpace(templateText), "\n") }

// templated turns a response into one of a template.
func (g *Generator) templated(r tree) {
	for _, name := range []string{"jsonBody", "base64Body", "bodyFileName"} {
		delete(r, name)
	}
	r["transformers"] = []any{"response-template"}
	body := pick(g, templates()...)
	if g.chance(30) {
		body += "|" + pick(g, templates()...)
	}
	r["body"] = body
	if g.chance(10) {
		r["headers"] = tree{"X-Echo": "{{request.method}} {{request.query.q}}", "Content-Type": "text/plain"}
	}
	if g.chance(5) {
		delete(r, "body")
		r["jsonBody"] = tree{"method": "{{request.method}}", "q": "{{request.query.q}}"}
	}
}
