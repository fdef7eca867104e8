package silentgreen_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const order = `{"id":1,"name":"Ann","total":41.5}`

// TestSilentGreenAnswers holds services whose answers are not what was recorded.
func TestSilentGreenAnswers(t *testing.T) {
	recorded := []exchange{get("/orders/1").json(order)}
	big := strings.Repeat("x", 1<<20)
	cases := map[string]trial{
		"changed value": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"name":"Ann","total":41}`)},
			cause: `^failed: GET /orders/\{id\} \$\.total differs in 1 of 1 \(recorded 41\.5, got 41\)`,
		},
		"number as string": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":"1","name":"Ann","total":41.5}`)},
			cause: `\$\.id has another type`,
		},
		"null for a value": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"name":null,"total":41.5}`)},
			cause: `\$\.name has another type`,
		},
		"dropped field": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"total":41.5}`)},
			cause: `\$\.name is missing`,
		},
		"dropped field that is redacted": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"total":41.5}`)},
			traffic: `{transforms: [{redact: {json: [$.name]}}]}`, cause: `\$\.name is missing`,
		},
		"another type of a field that is redacted": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"name":7,"total":41.5}`)},
			traffic: `{transforms: [{redact: {json: [$.name]}}]}`, cause: `\$\.name has another type`,
		},
		"added field": {
			recorded: recorded,
			now:      []exchange{get("/orders/1").json(`{"id":1,"name":"Ann","total":41.5,"secret":true}`)},
			cause:    `\$\.secret is new`,
		},
		"truncated JSON": {
			recorded: recorded, now: []exchange{get("/orders/1").json(order[:20])}, cause: `body is no longer JSON`,
		},
		"HTML with status 200": {
			recorded: recorded,
			now:      []exchange{get("/orders/1").typed("text/html", "<h1>Sorry, down for maintenance</h1>")},
			cause:    `body is no longer JSON`,
		},
		"empty body with status 200": {
			recorded: recorded, now: []exchange{get("/orders/1").json("")}, cause: `body is no longer JSON`,
		},
		"error in a 200": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"error":"boom"}`)}, cause: `/orders.*\$\.`,
		},
		"other status, same body": {
			recorded: recorded, now: []exchange{get("/orders/1").json(order).code(202)},
			cause: `status differs in 1 of 1 \(recorded 200, got 202\)`,
		},
		"redirect instead of an answer": {
			recorded: recorded,
			now: []exchange{
				get("/orders/1").code(302).with("Location", "/v2/orders/1"), get("/v2/orders/1").json(order),
			},
			cause: `status differs .*recorded 200, got 302`,
		},
		"body above 1 MB changed at equal length": {
			recorded: []exchange{get("/blob").typed("application/octet-stream", big+"a")},
			now:      []exchange{get("/blob").typed("application/octet-stream", big+"b")},
			cause:    `body differs .*differs at byte 1048576`,
		},
		"JSON above 1 MB changed at equal length": {
			recorded: []exchange{get("/blob").json(`{"a":"` + big + `","z":1}`)},
			now:      []exchange{get("/blob").json(`{"a":"` + big + `","z":2}`)},
			cause:    `\$\.z differs`,
		},
		"long string changed at its end": {
			recorded: []exchange{get("/blob").json(`{"a":"` + big + `1"}`)},
			now:      []exchange{get("/blob").json(`{"a":"` + big + `2"}`)},
			cause:    `\$\.a differs`,
		},
		"list in another order": {
			recorded: []exchange{get("/orders").json(`{"orders":[{"id":1},{"id":2},{"id":3}]}`)},
			now:      []exchange{get("/orders").json(`{"orders":[{"id":3},{"id":2},{"id":1}]}`)},
			cause:    `\$\.orders is in another order in 1 of 1`,
		},
		"repeated key": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"id":2,"name":"Ann","total":41.5}`)},
			cause: `\$\.id is new`,
		},
		"large numbers that a float cannot tell apart": {
			recorded: []exchange{get("/big").json(`{"id":9007199254740992}`)},
			now:      []exchange{get("/big").json(`{"id":9007199254740993}`)},
			cause:    `\$\.id differs`,
		},
		"declared header changed": {
			recorded: []exchange{get("/orders/1").json(order).with("Cache-Control", "no-store")},
			now:      []exchange{get("/orders/1").json(order).with("Cache-Control", "public")},
			compare:  `{headers: [Cache-Control]}`, cause: `header\.Cache-Control differs`,
		},
		"datetime that is no longer one": {
			recorded: []exchange{get("/orders/1").json(`{"id":1,"at":"2026-11-02T10:00:00Z"}`)},
			now:      []exchange{get("/orders/1").json(`{"id":1,"at":"yesterday"}`)},
			compare:  `{match: {$.at: datetime}}`, cause: `\$\.at differs`,
		},
		"beyond the tolerance": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"name":"Ann","total":41.6}`)},
			compare: `{tolerate: {$.total: 0.05}}`, cause: `\$\.total differs`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.exit = 1
			c.judge(t)
		})
	}
}

// TestSilentGreenConnections holds services that do not answer to the end.
func TestSilentGreenConnections(t *testing.T) {
	recorded := []exchange{get("/orders/1").json(order)}
	cases := map[string]trial{
		"short body on a closed connection": {
			now: []exchange{get("/orders/1").acting(cut)}, cause: `^failed: 1 of 1 requests got no answer`,
		},
		"chunks that never end": {
			now: []exchange{get("/orders/1").acting(unfinished)}, cause: `^failed: 1 of 1 requests got no answer`,
		},
		"short body without a length": {
			now: []exchange{get("/orders/1").acting(unframed)}, cause: `body is no longer JSON`,
		},
		"connection closed without a word": {
			now:   []exchange{get("/orders/1").acting(func(w http.ResponseWriter, _ *http.Request) { raw(w, "") })},
			cause: `^failed: 1 of 1 requests got no answer`,
		},
		"no answer in time": {
			now: []exchange{get("/orders/1").acting(func(_ http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
			})},
			replay: "max_gap: 1s", cause: `^failed: 1 of 1 requests got no answer`,
		},
		"nobody listens": {
			replay: `target: "http://127.0.0.1:1"`, cause: `^failed: 1 of 1 requests got no answer`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.recorded, c.exit = recorded, 1
			c.judge(t)
		})
	}
}

// TestSilentGreenBaseline holds regressions that rates hide, and recordings that hold errors.
func TestSilentGreenBaseline(t *testing.T) {
	many := make([]exchange, 250)
	for i := range many {
		many[i] = get(fmt.Sprintf("/orders/%d", i+1)).json(fmt.Sprintf(`{"id":%d,"total":7}`, i+1))
	}
	one := append([]exchange{}, many...)
	one[137] = get("/orders/138").json(`{"id":138,"total":8}`)
	broken := append([]exchange{}, many...)
	broken[137] = get("/orders/138").json(`{"error":"x"}`).code(500)
	failing := []exchange{
		get("/orders/1").json(order), get("/reports/1").json(`{"error":"boom"}`).code(500),
		get("/reports/2").json(`{"error":"boom"}`).code(500),
	}
	rates := `{status_pass_rate: ">= 0.99", body_match_rate: ">= 0.95", response_match_rate: ">= 0.99",
  error_rate: "<= 0.01"}`
	cases := map[string]trial{
		"regression in 1 of 250 with every rate satisfied": {
			recorded: many, now: one, gates: rates,
			cause: `^failed: GET /orders/\{id\} \$\.total differs in 1 of 250 \(recorded 7, got 8\)`,
		},
		"sporadic 500 in 1 of 250": {
			recorded: many, now: broken, gates: rates, cause: `status differs in 1 of 250 \(recorded 200, got 500\)`,
		},
		"a recorded 500 that is a 200 now": {
			recorded: failing,
			now:      []exchange{failing[0], get("/reports/1").json(`{"pages":3}`), failing[2]},
			cause:    `GET /reports/\{id\} status differs in 1 of 2 \(recorded 500, got 200\)`,
		},
		"another 500 beside the recorded ones": {
			recorded: failing,
			now:      []exchange{get("/orders/1").json(`{"error":"boom"}`).code(500), failing[1], failing[2]},
			gates:    `{server_errors: "<= 2"}`,
			cause:    `GET /orders/\{id\} status differs in 1 of 1 \(recorded 200, got 500\)`,
		},
		"a 503 where a 500 was recorded": {
			recorded: failing,
			now:      []exchange{failing[0], failing[1], get("/reports/2").json(`{"error":"boom"}`).code(503)},
			cause:    `recorded 500, got 503`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.exit = 1
			c.judge(t)
		})
	}
}
