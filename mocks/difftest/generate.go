package difftest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Generator draws cases. The same seed and time give the same cases.
type Generator struct {
	Rand *rand.Rand
	Now  time.Time
	// PerMapping bounds the requests that are drawn for each mapping; 0 means 40.
	PerMapping int
}

// tree is JSON in the making.
type tree = map[string]any

func (g *Generator) chance(percent int) bool { return g.Rand.IntN(100) < percent }

func pick[T any](g *Generator, of ...T) T { return of[g.Rand.IntN(len(of))] }

// Case draws one to four mappings, which are likely to overlap, and requests for each.
func (g *Generator) Case(name string) *Case {
	c := &Case{Name: name, Files: map[string][]byte{"hello.txt": []byte("from a file\n")}}
	scenario := g.chance(20)
	for i := range 1 + g.Rand.IntN(4) {
		m := tree{"id": g.id(), "request": g.request(), "response": g.response(i)}
		if g.chance(30) {
			m["priority"] = 1 + g.Rand.IntN(3)*4
		}
		if scenario && g.chance(80) {
			m["scenarioName"] = "s"
			m["requiredScenarioState"] = pick(g, "Started", "two", "three")
			if g.chance(70) {
				m["newScenarioState"] = pick(g, "Started", "two", "three")
			}
		}
		c.Mappings = append(c.Mappings, m)
	}
	c = c.clone()
	g.ask(c)
	return c
}

// ask adds requests for all mappings of a case, in random order.
func (g *Generator) ask(c *Case) {
	s := sampler{now: g.Now}
	limit := 40
	if g.PerMapping > 0 {
		limit = g.PerMapping
	}
	for _, m := range c.Mappings {
		c.Requests = append(c.Requests, s.requestsFor(g.Rand, m, limit)...)
	}
	g.Rand.Shuffle(len(c.Requests), func(i, j int) {
		c.Requests[i], c.Requests[j] = c.Requests[j], c.Requests[i]
	})
}

func (g *Generator) id() string {
	var raw [16]byte
	for i := range raw {
		raw[i] = byte(g.Rand.Uint32())
	}
	return uuid.NewSHA1(uuid.Nil, raw[:]).String()
}

func (g *Generator) request() tree {
	p := tree{}
	if g.chance(90) {
		p["method"] = pick(g, "GET", "POST", "ANY", "PUT", "GET", "POST")
	}
	g.target(p)
	for _, part := range []struct {
		field   string
		percent int
		names   []string
	}{
		{"queryParameters", 35, []string{"q", "id", "a b"}},
		{"headers", 35, []string{"X-One", "X-Two", "x-lower"}},
		{"cookies", 15, []string{"session", "c"}},
	} {
		if g.chance(part.percent) {
			patterns := tree{}
			for range 1 + g.Rand.IntN(2) {
				patterns[pick(g, part.names...)] = g.named(part.field)
			}
			p[part.field] = patterns
		}
	}
	g.body(p)
	return p
}

func (g *Generator) target(p tree) {
	switch g.Rand.IntN(8) {
	case 0:
		p["url"] = pick(g, "/things", "/things?q=a", "/things?q=a&id=1", "/caf%C3%A9", "/things/1")
	case 1, 2:
		p["urlPath"] = pick(g, "/things", "/things/1", "/things/a%20b", "/a+b", "/")
	case 3:
		p["urlPattern"] = pick(g, "/things.*", `/things\?q=[a-z]+`, "/things/[0-9]+", "/(things|other)/?")
	case 4:
		p["urlPathPattern"] = pick(g, "/things/.*", `/things/\d+`, "/t[a-z]{5}", "/things/([^/]+)/parts")
	case 5, 6:
		p["urlPathTemplate"] = pick(g, "/things/{id}", "/things/{id}/parts/{part}", "/{kind}/1")
		if g.chance(60) {
			name := map[any]string{"/{kind}/1": "kind"}[p["urlPathTemplate"]]
			if name == "" {
				name = "id"
			}
			p["pathParameters"] = tree{name: g.pattern(1)}
		}
	}
}

// named is a pattern for a name that can have several values.
func (g *Generator) named(field string) tree {
	if field != "cookies" && g.chance(25) {
		var many []any
		for range 1 + g.Rand.IntN(3) {
			many = append(many, g.pattern(1))
		}
		return tree{pick(g, "hasExactly", "includes"): many}
	}
	if g.chance(12) {
		return tree{"absent": true}
	}
	return g.pattern(2)
}

// pattern is one for a text, nested at most depth deep.
func (g *Generator) pattern(depth int) tree {
	kinds := 8
	if depth > 0 {
		kinds = 12
	}
	word := pick(g, "abc", "Abc", "a b", "1", "x-y_z", "10.50")
	switch g.Rand.IntN(kinds) {
	case 0, 1:
		return tree{"equalTo": word}
	case 2:
		return tree{"equalTo": word, "caseInsensitive": true}
	case 3:
		return tree{"contains": word}
	case 4:
		return tree{"doesNotContain": word}
	case 5:
		return tree{"matches": pick(g, "[a-z]+", "^abc.*$", "a|bc", `\d{1,3}`, "(?i)abc", ".*", `[^\s]+`, "a.c")}
	case 6:
		return tree{"doesNotMatch": pick(g, "[a-z]+", "a.*", `\d+`)}
	case 7:
		return g.date()
	case 8:
		return tree{"not": g.pattern(depth - 1)}
	case 9:
		return tree{"and": []any{g.pattern(depth - 1), g.pattern(depth - 1)}}
	case 10:
		return tree{"or": []any{g.pattern(depth - 1), g.pattern(depth - 1)}}
	}
	return tree{"or": []any{g.pattern(depth - 1), tree{"absent": true}}}
}

func (g *Generator) date() tree {
	p := tree{pick(g, "before", "after", "equalToDateTime"): pick(g,
		"2021-06-14T12:13:14Z", "2021-06-14T12:13:14", "2021-06-14", "now", "now +3 days", "now -2 hours",
		"2021-06-14T12:13:14+02:00")}
	switch g.Rand.IntN(6) {
	case 0:
		p["truncateActual"] = pick(g, truncations()...)
	case 1:
		p["truncateExpected"] = pick(g, truncations()...)
	case 2:
		p["actualFormat"] = pick(g, "dd/MM/yyyy", "epoch", "unix", "yyyy-MM-dd'T'HH:mm:ss")
	}
	return p
}

func truncations() []string {
	return []string{
		"first second of minute", "first minute of hour", "first hour of day", "first day of month",
		"first day of next month", "last day of month", "first day of year", "last day of year",
	}
}

func (g *Generator) response(i int) tree {
	r := tree{"status": pick(g, 200, 200, 201, 404, 500, 418)}
	switch g.Rand.IntN(8) {
	case 0:
		r["jsonBody"] = tree{"stub": i, "list": []any{1, 2.5, nil, "a<b>"}, "text": "caf\u00e9"}
	case 1:
		r["base64Body"] = "AAEC/w=="
	case 2:
		r["bodyFileName"] = "hello.txt"
	default:
		r["body"] = fmt.Sprintf("stub %d \u00e9", i)
	}
	if g.chance(40) {
		r["headers"] = tree{
			"Content-Type": pick(g, "text/plain", "application/json; charset=utf-8", "application/xml"),
			"X-Stub":       strconv.Itoa(i), "X-Many": []any{"a", "b"},
		}
	}
	if g.chance(10) {
		r["statusMessage"] = "As Agreed"
	}
	switch n := g.Rand.IntN(100); {
	case n < 5:
		delete(r, "status")
	case n < 30:
		g.templated(r)
		r["transformerParameters"] = tree{"name": "given", "deep": []any{"first"}}
	case n < 33:
		r["chunkedDribbleDelay"] = tree{"numberOfChunks": 3, "totalDuration": 10}
	case n < 35:
		return tree{"fault": pick(g,
			"EMPTY_RESPONSE", "MALFORMED_RESPONSE_CHUNK", "RANDOM_DATA_THEN_CLOSE", "CONNECTION_RESET_BY_PEER")}
	}
	return r
}
