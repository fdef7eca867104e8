package silentgreen_test

import (
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
)

// TestNeverRedAnswers holds services whose answers differ in ways that mean nothing.
func TestNeverRedAnswers(t *testing.T) {
	recorded := []exchange{get("/orders/1").json(order)}
	first, second := "123e4567-e89b-42d3-a456-426614174000", "9b2f0a52-7c1e-4f6b-8f4e-0f8a5c1d2e3f"
	cases := map[string]trial{
		"as recorded": {recorded: recorded},
		"added field where they are allowed": {
			recorded: recorded,
			now:      []exchange{get("/orders/1").json(`{"id":1,"name":"Ann","total":41.5,"currency":"EUR","tags":[]}`)},
			compare:  `{extra_fields: allow}`,
		},
		"key order": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"total":41.5,"name":"Ann","id":1}`)},
		},
		"white space": {
			recorded: recorded,
			now:      []exchange{get("/orders/1").json("{\n  \"id\": 1,\t\"name\" : \"Ann\", \"total\":41.5 }\n")},
		},
		"number formatting": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1.0,"name":"Ann","total":4.150e1}`)},
		},
		"escapes": {
			recorded: []exchange{get("/names").json(`{"name":"Zo\u00eb/A"}`)},
			now:      []exchange{get("/names").json(`{"name":"Zoë\/A"}`)},
		},
		"header case": {
			recorded: recorded,
			now: []exchange{get("/orders/1").acting(func(w http.ResponseWriter, _ *http.Request) {
				raw(w, "HTTP/1.1 200 ok\r\ncontent-type: Application/JSON\r\nContent-length: 34\r\n\r\n"+order)
			})},
			compare: `{headers: [content-type, ETAG]}`,
		},
		"Date, Server and connection headers": {
			recorded: []exchange{get("/orders/1").json(order).with("Server", "nginx").with("Keep-Alive", "timeout=5")},
			now: []exchange{
				get("/orders/1").json(order).with("Date", "Tue, 03 Nov 2026 11:00:00 GMT").with("Connection", "close"),
			},
		},
		"compressed": {recorded: recorded, now: []exchange{get("/orders/1").acting(compressed)}},
		"in chunks":  {recorded: recorded, now: []exchange{get("/orders/1").acting(chunked)}},
		"of HTTP/1.0, without a length": {
			recorded: recorded,
			now: []exchange{get("/orders/1").acting(func(w http.ResponseWriter, _ *http.Request) {
				raw(w, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"+order)
			})},
		},
		"timestamps where both sides have the shape": {
			recorded: []exchange{get("/orders/1").json(`{"id":1,"at":"2026-11-02T10:00:00Z"}`)},
			now:      []exchange{get("/orders/1").json(`{"id":1,"at":"2027-01-30T23:59:59.123456Z"}`)},
			compare:  `{match: {$.at: datetime}}`,
		},
		"UUIDs where both sides have the shape": {
			recorded: []exchange{get("/orders/1").json(`{"n":1,"id":"` + first + `"}`)},
			now:      []exchange{get("/orders/1").json(`{"n":1,"id":"` + second + `"}`)},
			compare:  `{match: {"$..*": uuid}}`,
		},
		"an ignored field": {
			recorded: []exchange{get("/orders/1").json(`{"id":1,"request_id":"a"}`)},
			now:      []exchange{get("/orders/1").json(`{"id":1,"request_id":"b"}`)},
			compare:  `{ignore: {json: ["$..request_id"]}}`,
			note:     `ignore\.json \$\.\.request_id excused 1 differences: GET /orders/\{id\}: 1`,
		},
		"within the tolerance": {
			recorded: recorded, now: []exchange{get("/orders/1").json(`{"id":1,"name":"Ann","total":41.51}`)},
			compare: `{tolerate: {$.total: 0.01}}`,
		},
		"a redacted value that is another one": {
			recorded: []exchange{get("/orders/1").json(`{"id":1,"total":41.5,"card":"4111"}`)},
			now:      []exchange{get("/orders/1").json(`{"id":1,"total":41.5,"card":"4222"}`)},
			traffic:  `{transforms: [{redact: {json: ["$..card"]}}]}`,
			note:     `transform redact json \$\.\.card: 1 values changed`,
		},
		"calls to mocks that are transformed as the requests are": {
			recorded: []exchange{get("/orders/2").json(order).calling(get("/prices/1").json(`{"price":7}`))},
			now:      []exchange{get("/orders/2").json(order).calling(get("/prices/2").json(`{"price":7}`))},
			traffic:  `{transforms: [{replace: {regexp: "/prices/1", with: /prices/2}}]}`,
		},
		"order of a list that has none": {
			recorded: []exchange{get("/orders").json(`{"orders":[{"id":1},{"id":2},{"id":3}]}`)},
			now:      []exchange{get("/orders").json(`{"orders":[{"id":3},{"id":1},{"id":2}]}`)},
			compare:  `{unordered: {$.orders: {by: id}}}`,
		},
		"Location at another host": {
			recorded: []exchange{post("/orders", `{"a":1}`).code(201).with("Location", "https://shop.example/orders/7")},
			now:      []exchange{post("/orders", `{"a":1}`).code(201).with("Location", "http://127.0.0.1:1/orders/7")},
			compare:  `{headers: [Location]}`,
		},
		"recorded errors that are still there": {
			recorded: []exchange{
				get("/orders/1").json(order), get("/orders/9").json(`{"error":"none"}`).code(404),
				get("/reports/1").json(`{"error":"boom"}`).code(500),
			},
			gates: `{server_errors: "== 0", error_rate: "== 0", status_pass_rate: "== 1"}`,
		},
		"no bodies": {
			recorded: []exchange{
				request(http.MethodDelete, "/orders/1", "").code(204), request(http.MethodHead, "/orders/1", ""),
			},
		},
		"rules that are idle": {
			recorded: recorded, compare: `{ignore: {json: [$.nowhere]}, headers: [X-Nowhere]}`,
			note: `rule ignore\.json \$\.nowhere matched nothing`,
		},
		"rules for an endpoint that is mistyped": {
			recorded: recorded, compare: `{endpoints: {"GET /orders/{ID}": {extra_fields: allow}}}`,
			note: `no recorded answer of GET /orders/\{ID\} is replayed`,
		},
		"a cutoff that does not trip": {recorded: recorded, replay: `cutoffs: {rules: {error_rate: "> 0.5"}}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.cause = `^passed`
			c.judge(t)
		})
	}
}

func compressed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write([]byte(order))
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
	_, _ = z.Write([]byte(order))
	_ = z.Close()
}

func chunked(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for _, b := range []byte(order) {
		_, _ = w.Write([]byte{b})
		_ = http.NewResponseController(w).Flush()
	}
}

// TestNeverRedCalls holds services that call their dependency in ways that mean the same.
func TestNeverRedCalls(t *testing.T) {
	answer := get("/orders/1").json(order)
	charge := post("/charges", `{"order":1,"amount":41.5}`).json(`{"ok":true}`)
	search := get("/items?a=1&b=2").json(`[]`)
	cases := map[string]trial{
		"as recorded": {recorded: []exchange{answer.calling(charge, search)}},
		"key order and white space of a payload": {
			recorded: []exchange{answer.calling(charge)},
			now:      []exchange{answer.calling(post("/charges", "{\n \"amount\": 41.50, \"order\": 1.0}"))},
		},
		"order of query parameters": {
			recorded: []exchange{answer.calling(search)}, now: []exchange{answer.calling(get("/items?b=2&a=1"))},
		},
		"headers that were not declared to matter": {
			recorded: []exchange{answer.calling(search.sending("User-Agent", "go/1").sending("X-Trace", "a"))},
			now:      []exchange{answer.calling(search.sending("User-Agent", "go/2").sending("X-Trace", "b"))},
		},
		"order of calls to different resources": {
			recorded: []exchange{answer.calling(charge, search)}, now: []exchange{answer.calling(search, charge)},
		},
		"ignored parts of a payload": {
			recorded: []exchange{answer.calling(post("/charges", `{"key":"a","amount":7}`).json(`{"ok":true}`))},
			now:      []exchange{answer.calling(post("/charges", `{"key":"b","amount":7}`))},
			mock:     `match: {ignore: {json: [$.key]}}`,
		},
		"a payload of which only the ignored part is sent": {
			recorded: []exchange{answer.calling(post("/keys", `{"key":"a"}`).json(`{"ok":true}`))},
			now:      []exchange{answer.calling(post("/keys", `{"key":"b"}`))},
			mock:     `match: {ignore: {json: ["$..key"]}}`, note: `leaves nothing of the bodies of 1 recorded calls`,
		},
		"an ignore rule that is idle": {
			recorded: []exchange{answer.calling(charge)}, mock: `match: {ignore: {query: [ts]}}`,
			note: `match\.ignore\.query ts applies to no recorded call`,
		},
		"ignored query parameter": {
			recorded: []exchange{answer.calling(get("/items?a=1&ts=100").json(`[]`))},
			now:      []exchange{answer.calling(get("/items?a=1&ts=200"))},
			mock:     `match: {ignore: {query: [ts]}}`,
		},
		"recorded errors of the dependency": {
			recorded: []exchange{answer.calling(get("/flaky").json(`{}`).code(503), get("/flaky").json(`{}`))},
		},
		"a recorded sequence": {
			recorded: []exchange{
				get("/a").json(`{"n":1}`).relaying(get("/n").json(`{"n":1}`)),
				get("/a").json(`{"n":2}`).relaying(get("/n").json(`{"n":2}`)),
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.cause = `^passed`
			c.judge(t)
		})
	}
}
