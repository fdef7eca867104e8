package handlebars_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

func model() map[string]any {
	return map[string]any{
		"name": "n", "zero": int64(0), "list": []any{"a", "b"}, "empty": []any{}, "yes": true, "half": 0.5,
		"user": map[string]any{"first name": "f", "tags": []any{map[string]any{"t": "1"}, map[string]any{"t": "2"}}},
	}
}

func helpers() map[string]handlebars.Helper {
	return map[string]handlebars.Helper{
		"echo": func(c *handlebars.Call) (any, error) {
			return "<" + handlebars.Text(c.Arg(0)) + handlebars.Text(c.Named["x"]) + ">", nil
		},
		"keep":   func(c *handlebars.Call) (any, error) { c.Set("kept", c.Arg(0)); return nil, nil },
		"listOf": func(c *handlebars.Call) (any, error) { return c.Args, nil },
		"wrap": func(c *handlebars.Call) (any, error) {
			text, err := c.Body(c.Arg(0))
			return "[" + text + "]", err
		},
	}
}

var bounds = handlebars.Limits{Output: 10_000, Steps: 10_000}

func TestRender(t *testing.T) {
	tests := map[string]struct{ template, want string }{
		"text":          {"a } {b} c", "a } {b} c"},
		"value":         {"{{name}}{{{name}}}{{&name}}", "nnn"},
		"no escaping":   {"{{echo '<&>'}}", "<<&>>"},
		"missing":       {"{{nothing}}{{user.nothing.more}}", ""},
		"steps":         {"{{user.[first name]}}{{user/tags.[1].t}}{{list.0}}{{list.length}}", "f2a2"},
		"numbers":       {"{{zero}} {{half}} {{echo 1.0}} {{echo -3}}", "0 0.5 <1.0> <-3>"},
		"list":          {"{{list}} {{user.tags}}", "[a, b] [{t=1}, {t=2}]"},
		"named":         {"{{echo 'a' x=\"b'c\"}}", "<ab'c>"},
		"nested":        {"{{echo (echo (echo 'a') x=name)}}", "<<<a>n>>"},
		"value between": {"{{keep (listOf 'x' 'y')}}{{#each kept}}{{this}}{{/each}}", "xy"},
		"if":            {"{{#if yes}}1{{else}}2{{/if}}{{#if zero}}1{{else if empty}}2{{else}}3{{/if}}", "13"},
		"unless":        {"{{#unless empty}}1{{/unless}}{{^empty}}2{{/empty}}{{^yes}}3{{else}}4{{/yes}}", "124"},
		"each":          {"{{#each list}}{{@index}}{{this}}{{#if @last}}.{{else}},{{/if}}{{/each}}", "0a,1b."},
		"each of none":  {"{{#each empty}}x{{else}}none{{/each}}", "none"},
		"each of names": {"{{#each user}}{{@key}};{{/each}}", "first name;tags;"},
		"parameters":    {"{{#each list as |v i|}}{{i}}{{v}}{{/each}}", "0a1b"},
		"with":          {"{{#with user}}{{#each tags}}{{t}}{{../../name}}{{@root.name}}{{/each}}{{/with}}", "1nn2nn"},
		"outer":         {"{{#each user.tags}}{{name}}{{/each}}", "nn"},
		"section": {
			"{{#user}}{{tags.[0].t}}{{/user}}{{#list}}{{.}}{{/list}}{{#yes}}y{{/yes}}{{#zero}}z{{/zero}}", "1aby",
		},
		"lookup":        {"{{lookup list 1}}{{lookup user 'first name'}}", "bf"},
		"helper block":  {"{{#wrap 'x'}}{{this}}{{/wrap}}", "[x]"},
		"white space":   {"a {{~name~}} b\n{{~#if yes~}} c {{~/if}} d", "anbc d"},
		"comments":      {"a{{! x }}b{{!-- {{x}} --}}c{{!--x--~}} d", "abcd"},
		"braces quoted": {"{{echo '}}'}}", "<}}>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			parsed, err := handlebars.Parse(tt.template)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parsed.Render(t.Context(), model(), helpers(), bounds)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rendered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ template, want string }{
		"open":        {"a\n{{b", "template line 2: {{ is not closed"},
		"empty":       {"{{ }}", "template line 1: {{}} is empty"},
		"no end":      {"{{#if a}}b", "template line 1: {{#if}} is not closed"},
		"wrong end":   {"{{#if a}}{{/each}}", "template line 1: {{/each}} closes {{#if}}"},
		"stray end":   {"{{/if}}", "template line 1: {{if}} closes or divides no block"},
		"stray else":  {"{{else}}", "template line 1: {{else}} closes or divides no block"},
		"two else":    {"{{#if a}}{{else}}{{else}}{{/if}}", "template line 1: a block has two {{else}}"},
		"partial":     {"{{> a}}", "template line 1: partials {{> ...}} are not supported"},
		"inline":      {"{{#*inline 'a'}}{{/inline}}", "template line 1: {{#*inline 'a'}} is not supported"},
		"raw":         {"{{{{a}}}}", "template line 1: raw blocks {{{{...}}}} are not supported"},
		"delimiters":  {"{{=<% %>=}}", "template line 1: changed delimiters {{= ...}} are not supported"},
		"string":      {"{{a 'b}} c", "template line 1: {{ is not closed"},
		"parenthesis": {"{{a (b}}", "template line 1: ( is not closed in {{a (b}}"},
		"literal":     {"{{'a'}}", "template line 1: expected a name in {{'a'}}"},
		"deep":        {strings.Repeat("{{#if a}}", 200), "template line 1: blocks are nested more than 100 deep"},
		"deep call": {
			"{{" + strings.Repeat("a (", 200) + "}}",
			"template line 1: subexpressions are nested more than 100 deep",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := handlebars.Parse(tt.template)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCalls(t *testing.T) {
	_, err := handlebars.Parse("{{a}}{{b 1}}{{#c d}}{{(e)}}{{/c}}{{#f}}{{g (h)}}{{/f}}{{#if x}}{{else i 1}}{{/if}}")
	if err == nil {
		t.Fatal("a subexpression in the place of a name was accepted")
	}
	parsed, err := handlebars.Parse("{{a}}{{b 1}}{{#c d}}{{/c}}{{#f}}{{g (h)}}{{/f}}{{#if x}}{{else i 1}}{{/if}}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "c", "g", "h", "i", "if"}, parsed.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestLimits(t *testing.T) {
	tests := map[string]struct {
		template string
		want     error
	}{
		"output": {
			strings.Repeat("{{#each list}}", 20) + "0123456789" + strings.Repeat("{{/each}}", 20),
			handlebars.ErrOutput,
		},
		"steps": {strings.Repeat("{{#each list}}", 20) + strings.Repeat("{{/each}}", 20), handlebars.ErrSteps},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			parsed, err := handlebars.Parse(tt.template)
			if err != nil {
				t.Fatal(err)
			}
			limits := handlebars.Limits{Output: 1000, Steps: 5000}
			if _, err := parsed.Render(t.Context(), model(), nil, limits); !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	parsed, err := handlebars.Parse("{{none 1}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parsed.Render(t.Context(), nil, nil, bounds); err == nil {
		t.Error("a helper that is not there was called")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("{{#each list as |v i|}}{{~echo (listOf v 1.5 null) x='a'}}{{else if yes}}{{/each}}")
	f.Add("{{!-- c --}}{{{user.[first name]}}}{{^a}}{{../b}}{{@root.c}}{{/a}}")
	f.Fuzz(func(t *testing.T, template string) {
		parsed, err := handlebars.Parse(template)
		if err != nil {
			return
		}
		limits := handlebars.Limits{Output: 100_000, Steps: 10_000}
		text, err := parsed.Render(t.Context(), model(), helpers(), limits)
		if err == nil && len(text) > limits.Output {
			t.Errorf("it wrote %d bytes", len(text))
		}
	})
}
