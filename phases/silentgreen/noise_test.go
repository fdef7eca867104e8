package silentgreen_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
)

const (
	noisyOrder = `{"id":1,"total":40,"at":"2026-11-01T08:00:00Z","trace":"123e4567-e89b-42d3-a456-426614174000",` +
		`"seq":7,"tags":["a","b"],"load":0.5,"lines":[{"sku":"x","eta":3}]}`
	// laterOrder differs in nothing but what learned lists.
	laterOrder = `{"id":1,"total":40,"at":"2026-11-20T09:30:00Z","trace":"223e4567-e89b-42d3-a456-426614174000",` +
		`"seq":9,"tags":["b","a"],"load":0.7,"lines":[{"sku":"x","eta":4}]}`
	learned = `version: 1
noise:
  "GET /orders/{id}":
    "$.at": {kind: datetime, count: 2, of: 2}
    "$.trace": {kind: uuid}
    "$.seq": {kind: counter}
    "$.tags": {kind: order}
    "$.load": {kind: value}
    "$.lines[*].eta": {kind: value}
`
)

// TestSilentGreenNoise holds regressions beside learned noise and within it.
func TestSilentGreenNoise(t *testing.T) {
	cases := map[string]struct{ now, cause string }{
		"beside it":                    {`"total":41`, `\$\.total differs`},
		"a field of a noisy element":   {`"sku":"y"`, `\$\.lines\[\]\.sku differs`},
		"a time that is none":          {`"at":"soon"`, `\$\.at differs`},
		"a time of another form":       {`"at":1793520000`, `\$\.at has another type`},
		"a trace that is cut":          {`"trace":"123e4567"`, `\$\.trace differs`},
		"a counter that is a text":     {`"seq":"9"`, `\$\.seq has another type`},
		"a counter that is a fraction": {`"seq":9.5`, `\$\.seq differs`},
		"other elements":               {`"tags":["a","c"]`, `\$\.tags`},
		"an element more":              {`"tags":["b","a","a"]`, `\$\.tags`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			run := trial{
				recorded: []exchange{get("/orders/1").json(noisyOrder)},
				now:      []exchange{get("/orders/1").json(replaced(t, laterOrder, c.now))},
				noise:    learned, exit: engine.Failed.ExitCode(), cause: c.cause,
			}
			run.judge(t)
		})
	}
	t.Run("at another endpoint", func(t *testing.T) {
		run := trial{
			recorded: []exchange{get("/orders/1").json(noisyOrder), get("/carts/1").json(noisyOrder)},
			now:      []exchange{get("/orders/1").json(laterOrder), get("/carts/1").json(laterOrder)},
			noise:    learned, exit: engine.Failed.ExitCode(), cause: `GET /carts/\{id\}`,
		}
		run.judge(t)
	})
}

// TestSilentGreenNoiseFile holds noise files that excuse more than noise, or say nothing.
func TestSilentGreenNoiseFile(t *testing.T) {
	entry := func(path, kind string) string {
		return "version: 1\nnoise: {\"GET /orders/{id}\": {\"" + path + "\": {kind: " + kind + "}}}\n"
	}
	cases := map[string]struct{ noise, cause string }{
		"whole bodies":              {entry("$", "value"), `noise\.yaml:2:\d+: \$: this would silence a whole body`},
		"all elements of a body":    {entry("$[*]", "value"), `silence a whole body`},
		"a field wherever it is":    {entry("$..at", "datetime"), `only names and \[\*\]`},
		"all members":               {entry("$.*", "uuid"), `silence a whole body`},
		"some of all elements":      {entry("$.lines[?@.eta > 1].eta", "value"), `only names and \[\*\]`},
		"an object with all in it":  {entry("$.lines[*]", "value"), `\$\.lines\[\*\] is wider than one field`},
		"an array":                  {entry("$.tags", "value"), `\$\.tags is wider than one field`},
		"a bad path":                {entry("$.[", "value"), `noise\.yaml:2:\d+`},
		"a mistyped kind":           {entry("$.at", "datetme"), `datetme`},
		"a mistyped endpoint":       {"version: 1\nnoise: {\"GTE/orders\": {\"$.at\": {kind: uuid}}}", `is no endpoint`},
		"a mistyped key":            {"version: 1\nnosie: {}\n", `unknown key "nosie"`},
		"an entry without its kind": {"version: 1\nnoise: {\"GET /orders/{id}\": {\"$.at\": {}}}", `kind is missing`},
		"an empty file":             {"\n", `noise\.yaml`},
		"another version":           {"version: 2\nnoise: {}\n", `version`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			run := trial{
				recorded: []exchange{get("/orders/1").json(noisyOrder)}, noise: c.noise,
				exit: engine.Invalid.ExitCode(), cause: c.cause,
			}
			run.judge(t)
		})
	}
	t.Run("every field of an answer", func(t *testing.T) {
		run := trial{
			recorded: []exchange{get("/orders/1").json(`{"load":0.5}`)}, noise: entry("$.load", "value"),
			exit:  engine.Invalid.ExitCode(),
			cause: `nothing of a recorded answer of GET /orders/\{id\} is compared, because of noise\.yaml:2`,
		}
		run.judge(t)
	})
	t.Run("a field that is nowhere", func(t *testing.T) {
		run := trial{
			recorded: []exchange{get("/orders/1").json(noisyOrder)}, noise: entry("$.gone", "value"),
			exit: 0, note: `noise\.yaml:2 \(GET /orders/\{id\} \$\.gone\) matched nothing`,
		}
		run.judge(t)
	})
}

// TestNeverRedNoise: what differs between two runs of one build, and was reviewed, is no difference.
func TestNeverRedNoise(t *testing.T) {
	run := trial{
		recorded: []exchange{get("/orders/1").json(noisyOrder)},
		now:      []exchange{get("/orders/1").json(laterOrder)}, noise: learned,
	}
	run.judge(t)
}

// replaced is a body with another value for one member.
func replaced(t *testing.T, body, member string) string {
	t.Helper()
	name, _, _ := strings.Cut(member, ":")
	at := regexp.MustCompile(regexp.QuoteMeta(name) + `:(\[[^\]{]*\]|"[^"]*"|[0-9.]+)`)
	if !at.MatchString(body) {
		t.Fatalf("there is no %s in %s", name, body)
	}
	return at.ReplaceAllLiteralString(body, member)
}
