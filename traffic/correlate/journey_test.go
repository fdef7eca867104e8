package correlate_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/correlate"
)

const htmlType = "text/html; charset=utf-8"

func page(body string) *traffic.Response { return answer(body, "Content-Type", htmlType) }

func multi(token string) *traffic.Request {
	return post("/upload", "multipart/form-data; boundary=X",
		"--X\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n"+token+"\r\n"+
			"--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n"+token+"\r\n--X--\r\n")
}

// The ways of web applications: pages, conditional requests, cookies that scripts read.
func TestSessionCarriesWhatPagesIssue(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	tests := map[string][]exchange{
		"hidden input": {
			{
				get("/cart"), page(`<form action="/pay"><input name="_csrf" type="hidden" value="k2J8x0Qz1a"></form>`),
				page(`<form action="/pay"><INPUT type=hidden value='p7Lm3Wq1bb' name=_csrf></form>`), "",
			},
			{request: post("/pay", form, "a=1&_csrf=k2J8x0Qz1a"), sent: "/pay a=1&_csrf=p7Lm3Wq1bb"},
		},
		"hidden input into a multipart form": {
			{
				get("/cart"), page(`<input name="_csrf" type="hidden" value="k2J8x0Qz1a">`),
				page(`<input name="_csrf" type="hidden" value="p7Lm3Wq1bb">`), "",
			},
			{request: multi("k2J8x0Qz1a"), sent: "/upload --X\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n" +
				"p7Lm3Wq1bb\r\n--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\n" +
				"k2J8x0Qz1a\r\n--X--\r\n"},
		},
		"meta element into a header": {
			{
				get("/"), page(`<!doctype html><meta name="csrf-token" content="aZ3+x/9=="><p>hi`),
				page(`<!doctype html><meta name="csrf-token" content="bY4+w/8=="><p>hi`), "",
			},
			{request: get("/x", "X-Csrf-Token", "aZ3+x/9=="), sent: "/x X-Csrf-Token: bY4+w/8=="},
		},
		"links and form targets": {
			{
				get("/"), page(`<a href="/help">?</a><a href="/orders/42">1</a><form action="/orders/42/pay?t=k1k2k3k4">`),
				page(`<a href="/new">!</a><a href="/help">?</a><a href="/orders/77">1</a>` +
					`<form action="/orders/77/pay?t=z1z2z3z4">`), "",
			},
			{request: get("/orders/42"), sent: "/orders/77"},
			{request: post("/orders/42/pay?t=k1k2k3k4", form, "a=b"), sent: "/orders/77/pay?t=z1z2z3z4 a=b"},
		},
		"data attribute and script": {
			{
				get("/"), page(`<p data-cart-id="9001"><script type="application/json">{"user":{"key":"u1u2u3u4"}}</script>`),
				page(`<p data-cart-id="9107"><script type="application/json">{"user":{"key":"v1v2v3v4"}}</script>`), "",
			},
			{request: get("/carts/9001?k=u1u2u3u4"), sent: "/carts/9107?k=v1v2v3v4"},
		},
		"cookie that a script decodes": {
			{
				get("/"), answer("", "Set-Cookie", "XSRF-TOKEN=eyJpdiI6IjEi%3D%3D; Path=/; Secure; SameSite=Lax"),
				answer("", "Set-Cookie", "XSRF-TOKEN=eyJpdiI6Ijky%3D%3D; Path=/; Secure; SameSite=Lax"), "",
			},
			{
				request: get("/a", "Cookie", "XSRF-TOKEN=eyJpdiI6IjEi%3D%3D", "X-Csrf-Token", "eyJpdiI6IjEi=="),
				sent:    "/a Cookie: XSRF-TOKEN=eyJpdiI6Ijky%3D%3D X-Csrf-Token: eyJpdiI6Ijky==",
			},
		},
		"cookie that is rotated and deleted": {
			{get("/"), answer("", "Set-Cookie", "sid=a1a1a1a1"), answer("", "Set-Cookie", "sid=x1x1x1x1"), ""},
			{
				get("/login", "Cookie", "sid=a1a1a1a1"), answer("", "Set-Cookie", "sid=b2b2b2b2; HttpOnly"),
				answer("", "Set-Cookie", "sid=y2y2y2y2; HttpOnly"), "/login Cookie: sid=x1x1x1x1",
			},
			{
				get("/logout", "Cookie", "sid=b2b2b2b2"), answer("", "Set-Cookie", "sid=; Max-Age=0"),
				answer("", "Set-Cookie", "sid=; Max-Age=0"), "/logout Cookie: sid=y2y2y2y2",
			},
			{request: get("/", "Cookie", "theme=b"), sent: "/ Cookie: theme=b"},
		},
		"entity tag that is a number": {
			{get("/a/3"), answer("1", "Etag", `W/"3"`), answer("1", "Etag", `W/"12"`), ""},
			{
				request: get("/a/3", "If-Match", `W/"3", "4"`),
				sent:    `/a/3 If-Match: W/"12", "4"`,
			},
		},
		"entity tags of two resources": {
			{get("/a"), answer("1", "Etag", `"1"`), answer("1", "Etag", `"5"`), ""},
			{get("/b"), answer("1", "Etag", `"1"`), answer("1", "Etag", `"1"`), ""},
			{
				post("/c", form, "a=b"), answer("1", "Etag", `"1"`, "Location", "/c/88"),
				answer("1", "Etag", `"9"`, "Location", "/c/99"), "",
			},
			{request: get("/a", "If-Match", `"1"`), sent: `/a If-Match: "5"`},
			{request: get("/b", "If-Match", `"1"`), sent: `/b If-Match: "1"`},
			{request: get("/c/88", "If-Match", `"1"`), sent: `/c/99 If-Match: "9"`},
		},
		"time of the last change": {
			{
				get("/a"), answer("1", "Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT"),
				answer("1", "Last-Modified", "Sun, 22 Nov 2026 11:00:00 GMT"), "",
			},
			{
				request: get("/a", "If-Modified-Since", "Sat, 21 Nov 2026 10:00:00 GMT"),
				sent:    "/a If-Modified-Since: Sun, 22 Nov 2026 11:00:00 GMT",
			},
		},
		"header of any name": {
			{get("/a"), answer("", "Replay-Nonce", "oFvnlFP1wIhR"), answer("", "Replay-Nonce", "taroDvhk2Pop"), ""},
			{
				request: post("/b", "application/jose+json", `{"nonce":"oFvnlFP1wIhR"}`),
				sent:    `/b {"nonce":"taroDvhk2Pop"}`,
			},
		},
		"redirect target in a query": {
			{post("/a", form, "a=b"), answer("", "Location", "/o/ord_a1b2c3"), answer("", "Location", "/o/ord_x9y8z7"), ""},
			{
				request: get("/login?next=%2Fo%2Ford_a1b2c3%3Ftab%3D1"), sent: "/login?next=%2Fo%2Ford_x9y8z7%3Ftab%3D1",
			},
		},
		"joined names": {
			{post("/a", form, "a=b"), answer(`{"orderid":42}`), answer(`{"orderid":57}`), ""},
			{request: get("/b?orderid=42&paid=42"), sent: "/b?orderid=57&paid=42"},
		},
	}
	for name, exchanges := range tests {
		t.Run(name, func(t *testing.T) { carries(t, correlate.DefaultConfig(), exchanges) })
	}
}

func carries(t *testing.T, c correlate.Config, exchanges []exchange) {
	t.Helper()
	var want []string
	for _, e := range exchanges {
		if e.sent == "" {
			e.sent = show(e.request)
		}
		want = append(want, e.sent)
	}
	_, sent := play(newCorrelator(t, c), exchanges)
	if d := cmp.Diff(want, sent); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}

func TestDeclaredPlaces(t *testing.T) {
	tests := map[string]struct {
		carry     []correlate.Place
		exchanges []exchange
	}{
		"word in JSON": {
			[]correlate.Place{{Path: "$.tickets[*].seat"}},
			[]exchange{
				{
					get("/t"), answer(`{"tickets":[{"seat":"left"}],"side":"left"}`),
					answer(`{"tickets":[{"seat":"middle"}],"side":"left"}`), "",
				},
				{request: get("/t/left?seat=left&q=the+left+one"), sent: "/t/middle?seat=middle&q=the+left+one"},
			},
		},
		"small number in a header": {
			[]correlate.Place{{Path: "header.x-queue-place"}},
			[]exchange{
				{get("/q"), answer("", "X-Queue-Place", "3"), answer("", "X-Queue-Place", "11"), ""},
				{request: get("/q?place=3&text=a3"), sent: "/q?place=11&text=a3"},
			},
		},
		"at one endpoint": {
			[]correlate.Place{{Path: "$.no", Endpoint: "POST /tickets*"}},
			[]exchange{
				{get("/a"), answer(`{"no":"blue"}`), answer(`{"no":"pink"}`), ""},
				{post("/tickets/x", "text/plain", "a"), answer(`{"no":"red"}`), answer(`{"no":"grey"}`), ""},
				{request: get("/a?was=blue&is=red"), sent: "/a?was=blue&is=grey"},
			},
		},
		"cookie of words": {
			[]correlate.Place{{Path: "cookie.cart"}},
			[]exchange{
				{get("/q"), answer("", "Set-Cookie", "cart=small"), answer("", "Set-Cookie", "cart=large"), ""},
				{request: get("/q", "Cookie", "a=b; cart=small"), sent: "/q Cookie: a=b; cart=large"},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) { carries(t, correlate.Config{Carry: tc.carry}, tc.exchanges) })
	}
}

func TestExceptedPlaces(t *testing.T) {
	exchanges := []exchange{
		{
			get("/a"),
			answer(`<html><meta name="csrf" content="m1m2m3m4">`, "Set-Cookie", "sid=a1a1a1a1", "X-Token", "t1t2t3t4"),
			answer(`<html><meta name="csrf" content="n1n2n3n4">`, "Set-Cookie", "sid=b1b1b1b1", "X-Token", "u1u2u3u4"), "",
		},
		{request: get("/b?h=t1t2t3t4&c=a1a1a1a1&m=m1m2m3m4")},
	}
	tests := map[string]struct {
		except correlate.Place
		sent   string
	}{
		"nothing":          {correlate.Place{Path: "$.x"}, "/b?h=u1u2u3u4&c=b1b1b1b1&m=n1n2n3n4"},
		"header":           {correlate.Place{Path: "header.x-token"}, "/b?h=t1t2t3t4&c=b1b1b1b1&m=n1n2n3n4"},
		"cookie":           {correlate.Place{Path: "cookie.sid"}, "/b?h=u1u2u3u4&c=a1a1a1a1&m=n1n2n3n4"},
		"html":             {correlate.Place{Path: "html.csrf"}, "/b?h=u1u2u3u4&c=b1b1b1b1&m=m1m2m3m4"},
		"here":             {correlate.Place{Path: "html.csrf", Endpoint: "GET /a"}, "/b?h=u1u2u3u4&c=b1b1b1b1&m=m1m2m3m4"},
		"another endpoint": {correlate.Place{Path: "html.csrf", Endpoint: "GET /b"}, "/b?h=u1u2u3u4&c=b1b1b1b1&m=n1n2n3n4"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			exchanges[1].sent = tc.sent
			carries(t, correlate.Config{Except: []correlate.Place{tc.except}}, exchanges)
		})
	}
}

func TestReport(t *testing.T) {
	exchanges := []exchange{
		{
			get("/start", "Authorization", "Bearer q1w2e3r4t5y6u7i8o9p0", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c"),
			answer(`{"items":[{"id":5,"owner_id":5},{"id":61}],"token":"t1t2t3t4","gone":{"id":"g1g2g3g4"}}`),
			answer(`{"items":[{"id":8,"owner_id":5},{"id":62}],"token":"t9t9t9t9"}`), "",
		},
		{
			request:  get("/items/5?after=61", "X-Csrf-Token", "t1t2t3t4", "Cookie", "a=b; sid=0123456789abcdef"),
			recorded: answer(`{}`), actual: answer(`{}`),
		},
		{request: get("/items/9", "Cookie", "sid=0123456789abcdef")},
		{request: post("/items/61", "application/json", `{"item_id":5,"gone":"g1g2g3g4","t":"2026-11-21T10:00:00Z"}`)},
	}
	c := newCorrelator(t, correlate.DefaultConfig())
	var report correlate.Report
	linker := c.NewLinker(&report)
	for _, e := range exchanges {
		linker.Expect(endpoint(e.request), e.request)
	}
	for _, e := range exchanges {
		linker.Links(endpoint(e.request), &traffic.Record{Request: e.request, Response: e.recorded})
	}
	linker.Close()
	s, _ := play(c, exchanges)
	report.Add(s)
	got, err := json.Marshal(report.Clone())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"issued":[` +
		`{"endpoint":"GET /start","place":"$.items[*].id","values":2,"used_in":[` +
		`{"endpoint":"GET /items/{id}","place":"path","count":1},` +
		`{"endpoint":"GET /items/{id}","place":"query.after","count":1},` +
		`{"endpoint":"POST /items/{id}","place":"$..item_id","count":1},` +
		`{"endpoint":"POST /items/{id}","place":"path","count":1}]},` +
		`{"endpoint":"GET /start","place":"$.token","values":1,"used_in":[` +
		`{"endpoint":"GET /items/{id}","place":"header.X-Csrf-Token","count":1}]}],` +
		`"not_issued_again":[{"endpoint":"GET /start","place":"$.gone.id",` +
		`"reason":"the answer has nothing there","values":1}],` +
		`"ambiguous":[{"endpoint":"GET /start","place":"$.items[*].owner_id","count":1}],` +
		`"left_as_recorded":[{"endpoint":"GET /items/{id}","place":"cookie.sid","count":1},` +
		`{"endpoint":"GET /start","place":"header.Authorization","count":1}]}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A rehearsal tells what would be carried though nothing has another value.
func TestRehearsal(t *testing.T) {
	c := newCorrelator(t, correlate.DefaultConfig())
	first, next := get("/a"), get("/a/ord_a1b2c3")
	issued := answer(`{"id":"ord_a1b2c3"}`)
	links := c.Links([]*traffic.Record{{Request: first, Response: issued}, {Request: next}})
	s := c.NewRehearsal()
	s.Learn(correlate.Exchange{Endpoint: "GET /a", Links: links[0], Recorded: issued, Actual: issued})
	if sent := s.Apply("GET /a/{id}", next); sent.URL != next.URL {
		t.Errorf("sent %s", sent.URL)
	}
	var report correlate.Report
	report.Add(s)
	want := []correlate.Source{{
		Site: correlate.Site{Endpoint: "GET /a", Place: "$.id"}, Values: 1,
		UsedIn: []correlate.Use{{Site: correlate.Site{Endpoint: "GET /a/{id}", Place: "path"}, Count: 1}},
	}}
	if d := cmp.Diff(want, report.Sources()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
