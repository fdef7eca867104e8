package correlate_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/correlate"
)

// exchange is one recorded exchange and what the service answers now.
type exchange struct {
	request          *traffic.Request
	recorded, actual *traffic.Response
	// sent is the request target and body that is sent, "" for as recorded.
	sent string
}

func get(target string, header ...string) *traffic.Request {
	return &traffic.Request{Method: "GET", URL: target, Header: headers(header)}
}

func post(target, media, body string) *traffic.Request {
	return &traffic.Request{
		Method: "POST", URL: target, Header: http.Header{"Content-Type": {media}}, Body: []byte(body),
	}
}

func headers(pairs []string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func answer(body string, header ...string) *traffic.Response {
	return &traffic.Response{Status: 200, Header: headers(header), Body: []byte(body)}
}

// show writes target, headers and body of a request in one line.
func show(r *traffic.Request) string {
	parts := []string{r.URL}
	for _, name := range []string{
		"Authorization", "Cookie", "If-Match", "If-Modified-Since", "X-Csrf-Token", "Referer",
		"Accept",
	} {
		for _, v := range r.Header[name] {
			parts = append(parts, name+": "+v)
		}
	}
	if len(r.Body) > 0 {
		parts = append(parts, string(r.Body))
	}
	return strings.Join(parts, " ")
}

func endpoint(r *traffic.Request) string { return traffic.Endpoint(r.Method, r.URL) }

// play replays the exchanges and returns the session and what was sent.
func play(c *correlate.Correlator, exchanges []exchange) (*correlate.Session, []string) {
	records := make([]*traffic.Record, 0, len(exchanges))
	for _, e := range exchanges {
		records = append(records, &traffic.Record{Request: e.request, Response: e.recorded})
	}
	s, links := c.NewSession(), c.Links(records)
	var sent []string
	for i, e := range exchanges {
		sent = append(sent, show(s.Apply(endpoint(e.request), e.request)))
		s.Learn(correlate.Exchange{
			Index: i, Endpoint: endpoint(e.request), Target: e.request.URL, Links: links[i],
			Recorded: e.recorded, Actual: e.actual,
		})
	}
	return s, sent
}

func newCorrelator(t *testing.T, c correlate.Config) *correlate.Correlator {
	t.Helper()
	correlator, err := correlate.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return correlator
}

const (
	jwt1  = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N"
	jwt2  = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.Qx_gNryP4J3jVmNHl0w5N"
	uuid1 = "0195e0a4-7f1c-7c3e-9d2f-0a1b2c3d4e5f"
	uuid2 = "deadbeef-9dc0-41d1-b245-5ffdce74fad2"
)

func TestSessionCarriesIssuedValues(t *testing.T) {
	const (
		jsonType = "application/json"
		formType = "application/x-www-form-urlencoded"
	)
	tests := map[string][]exchange{
		"id into path, query and body": {
			{post("/orders", jsonType, `{}`), answer(`{"id":"ord_a1b2c3"}`), answer(`{"id":"ord_x9y8z7"}`), ""},
			{
				request: get("/orders/ord_a1b2c3/items?of=ord_a1b2c3&n=1"),
				sent:    "/orders/ord_x9y8z7/items?of=ord_x9y8z7&n=1",
			},
			{
				request: post("/pay", jsonType,
					`{ "order" : "ord_a1b2c3", "n": 1.50, "url":"/orders/ord_a1b2c3?x=1","ord_a1b2c3":true }`),
				sent: `/pay { "order" : "ord_x9y8z7", "n": 1.50, "url":"/orders/ord_x9y8z7?x=1","ord_a1b2c3":true }`,
			},
			{request: post("/f", formType, "a=1&order=ord_a1b2c3&c=%20"), sent: "/f a=1&order=ord_x9y8z7&c=%20"},
		},
		"uuid": {
			{post("/a", jsonType, `{}`), answer(`{"key":"` + uuid1 + `"}`), answer(`{"key":"` + uuid2 + `"}`), ""},
			{request: get("/a/" + uuid1 + ":cancel"), sent: "/a/" + uuid2 + ":cancel"},
		},
		"numeric ids": {
			{post("/a", jsonType, `{}`), answer(`{"id":7,"qty":7}`), answer(`{"id":12,"qty":7}`), ""},
			{
				request: post("/a/7?limit=7", jsonType, `{"order_id":7,"qty":7,"ids":[7,8],"id":"7"}`),
				sent:    `/a/12?limit=7 {"order_id":12,"qty":7,"ids":[12,8],"id":"12"}`,
			},
		},
		"counters shift without a chain": {
			{post("/a", jsonType, `{}`), answer(`{"id":1001}`), answer(`{"id":1002}`), ""},
			{post("/a", jsonType, `{"a":1}`), answer(`{"id":1002}`), answer(`{"id":1003}`), ""},
			{request: get("/a/1001"), sent: "/a/1002"},
			{request: get("/a/1002"), sent: "/a/1003"},
		},
		"nested in arrays": {
			{
				get("/cart"), answer(`{"carts":[{"lines":[{"id":"ln_aa11bb"},{"id":"ln_cc22dd"}]}]}`),
				answer(`{"carts":[{"lines":[{"id":"ln_ee33ff"},{"id":"ln_gg44hh"}]}]}`), "",
			},
			{request: get("/lines/ln_cc22dd"), sent: "/lines/ln_gg44hh"},
			{request: get("/lines?ids=ln_aa11bb,ln_cc22dd"), sent: "/lines?ids=ln_ee33ff%2Cln_gg44hh"},
		},
		"location absolute": {
			{
				post("/a", jsonType, `{}`), answer("", "Location",
					"https://prod.example/orders/a1b2c3d4?token=t0ken-1111"),
				answer("", "Location", "http://127.0.0.1:80/orders/e5f6a7b8?token=t0ken-2222"), "",
			},
			{request: get("/orders/a1b2c3d4?token=t0ken-1111"), sent: "/orders/e5f6a7b8?token=t0ken-2222"},
		},
		"location relative": {
			{
				post("/a", jsonType, `{}`), answer("", "Location", "/orders/42"),
				answer("", "Location", "/orders/43"), "",
			},
			{request: get("/orders/42/items"), sent: "/orders/43/items"},
		},
		"location changed from absolute to relative": {
			{
				post("/a", jsonType, `{}`), answer("", "Location", "http://h/orders/42"),
				answer("", "Location", "/orders/43"), "",
			},
			{request: get("http://h/orders/42"), sent: "http://h/orders/43"},
		},
		"link header": {
			{
				get("/a"), answer("", "Link", `</a?cursor=aGVsbG8x>; rel="next"`),
				answer("", "Link", `</a?cursor=aGVsbG8y>; rel="next"`), "",
			},
			{request: get("/a?cursor=aGVsbG8x"), sent: "/a?cursor=aGVsbG8y"},
		},
		"cookies": {
			{
				get("/"), answer("", "Set-Cookie", "sid=s1a2b3c4d5; Path=/; HttpOnly"),
				answer("", "Set-Cookie", "sid=s9z8y7x6w5; Path=/"), "",
			},
			{
				request: get("/a", "Cookie", "theme=dark1; sid=s1a2b3c4d5"),
				sent:    "/a Cookie: theme=dark1; sid=s9z8y7x6w5",
			},
		},
		"cookie renewed under the same recorded value": {
			{get("/"), answer("", "Set-Cookie", "sid=s1a2b3c4d5"), answer("", "Set-Cookie", "sid=s9z8y7x6w5"), ""},
			{
				get("/a", "Cookie", "sid=s1a2b3c4d5"), answer("", "Set-Cookie", "sid=s1a2b3c4d5"),
				answer("", "Set-Cookie", "sid=n3w0n3w0n3"), "/a Cookie: sid=s9z8y7x6w5",
			},
			{request: get("/b", "Cookie", "sid=s1a2b3c4d5"), sent: "/b Cookie: sid=n3w0n3w0n3"},
		},
		"bearer token": {
			{
				post("/login", formType, "u=a"), answer(`{"access_token":"` + jwt1 + `"}`),
				answer(`{"access_token":"` + jwt2 + `"}`), "",
			},
			{request: get("/me", "Authorization", "Bearer "+jwt1), sent: "/me Authorization: Bearer " + jwt2},
		},
		"entity tag": {
			{get("/a"), answer("1", "Etag", `W/"abc123def"`), answer("1", "Etag", `W/"fed321cba"`), ""},
			{
				request: get("/a", "If-Match", `"zzz999", W/"abc123def"`),
				sent:    `/a If-Match: "zzz999", W/"fed321cba"`,
			},
		},
		"csrf token": {
			{get("/a"), answer(``, "X-Csrf-Token", "k2J8x0Qz"), answer(``, "X-Csrf-Token", "p7Lm3Wq1"), ""},
			{
				request: get("/a", "X-Csrf-Token", "k2J8x0Qz", "Accept", "k2J8x0Qz"),
				sent:    "/a X-Csrf-Token: p7Lm3Wq1 Accept: k2J8x0Qz",
			},
		},
		"base64 cursor with escapes": {
			{
				get("/a"), answer(`{"next_cursor":"b2Zmc2V0+Og/MTA="}`),
				answer(`{"next_cursor":"b2Zmc2V0/Og+MjA="}`), "",
			},
			{request: get("/a?cursor=b2Zmc2V0%2BOg%2FMTA%3D"), sent: "/a?cursor=b2Zmc2V0%2FOg%2BMjA%3D"},
		},
		"address in the body": {
			{
				get("/a"), answer(`{"next":"/a?cursor=b2Zmc2V0OjEw%3D&n=2"}`),
				answer(`{"next":"/a?cursor=b2Zmc2V0OjIw%3D&n=2"}`), "",
			},
			{request: get("/a?n=2&cursor=b2Zmc2V0OjEw%3D"), sent: "/a?n=2&cursor=b2Zmc2V0OjIw%3D"},
		},
		"referer": {
			{post("/a", jsonType, `{}`), answer(`{"id":"ord_a1b2c3"}`), answer(`{"id":"ord_x9y8z7"}`), ""},
			{request: get("/", "Referer", "http://h/a/ord_a1b2c3?b"), sent: "/ Referer: http://h/a/ord_x9y8z7?b"},
		},
		"plain text": {
			{post("/a", jsonType, `{}`), answer("ord_a1b2c3\n"), answer("ord_x9y8z7\n"), ""},
			{request: post("/b", "text/plain", "cancel ord_a1b2c3, please"), sent: "/b cancel ord_x9y8z7, please"},
		},
		"form": {
			{
				post("/token", formType, "a=b"), answer("oauth_token=tk12345678&x=1", "Content-Type", formType),
				answer("x=1&oauth_token=tk87654321", "Content-Type", formType), "",
			},
			{request: get("/a?oauth_token=tk12345678"), sent: "/a?oauth_token=tk87654321"},
		},
		"first issue counts": {
			{post("/a", jsonType, `{}`), answer(`{"id":"ord_a1b2c3"}`), answer(`{"id":"ord_x9y8z7"}`), ""},
			{get("/a/ord_a1b2c3"), answer(`{"id":"ord_a1b2c3"}`), answer(`{"id":"ord_wrong1"}`), "/a/ord_x9y8z7"},
			{request: get("/b/ord_a1b2c3"), sent: "/b/ord_x9y8z7"},
		},
		"escaped path": {
			{post("/a", jsonType, `{}`), answer(`{"id":"ab/12 cd"}`), answer(`{"id":"xy/34 zw"}`), ""},
			{post("/a", jsonType, `{"b":1}`), answer(`{"id":"ab/12cd"}`), answer(`{"id":"xy/34zw"}`), ""},
			{request: get("/a/ab%2F12cd/%7Ez/ab%2F12%20cd"), sent: "/a/xy%2F34zw/%7Ez/ab%2F12%20cd"},
		},
	}
	for name, exchanges := range tests {
		t.Run(name, func(t *testing.T) {
			var want []string
			for i := range exchanges {
				e := &exchanges[i]
				if e.sent == "" {
					e.sent = show(e.request)
				}
				want = append(want, e.sent)
			}
			before := make([]string, len(exchanges))
			for i, e := range exchanges {
				before[i] = show(e.request)
			}
			_, sent := play(newCorrelator(t, correlate.DefaultConfig()), exchanges)
			if d := cmp.Diff(want, sent); d != "" {
				t.Errorf("sent (-want +got):\n%s", d)
			}
			for i, e := range exchanges {
				if show(e.request) != before[i] {
					t.Errorf("request %d was changed in place: %s", i, show(e.request))
				}
			}
		})
	}
}

func TestSessionDoesNotBind(t *testing.T) {
	tests := map[string]struct {
		recorded, actual, next string
	}{
		"not used later": {`{"id":"ord_a1b2c3"}`, `{"id":"ord_x9y8z7"}`, `{"a":1}`},
		"a state":        {`{"status":"open"}`, `{"status":"paid"}`, `{"status":"open"}`},
		"a long state": {
			`{"status":"awaiting_payment"}`, `{"status":"awaiting_pickup"}`,
			`{"status":"awaiting_payment"}`,
		},
		"a numbered state": {`{"status":"phase2"}`, `{"status":"phase3"}`, `{"status":"phase2"}`},
		"a state in an id": {
			`{"state_id":"confirmed"}`, `{"state_id":"cancelled"}`,
			`{"state_id":"confirmed"}`,
		},
		"camel case": {
			`{"token":"PendingPayment"}`, `{"token":"SettledPayment"}`,
			`{"token":"PendingPayment"}`,
		},
		"text true":       {`{"id":"true"}`, `{"id":"false"}`, `{"id":"true"}`},
		"a boolean":       {`{"id":true}`, `{"id":false}`, `{"id":true}`},
		"a total":         {`{"total":41500}`, `{"total":41000}`, `{"amount":41500}`},
		"a total as text": {`{"total":"41500"}`, `{"total":"41000"}`, `{"amount":"41500"}`},
		"a price":         {`{"total":"415.00"}`, `{"total":"410.00"}`, `{"amount":"415.00"}`},
		"a large price":   {`{"token":"123415.00"}`, `{"token":"123410.00"}`, `{"token":"123415.00"}`},
		"a quantity":      {`{"qty":12}`, `{"qty":13}`, `{"qty":12}`},
		"a name": {
			`{"name":"Ada Lovelace 1"}`, `{"name":"Ada Lovelace 2"}`,
			`{"name":"Ada Lovelace 1"}`,
		},
		"another prefix":        {`{"id":"ord_a1b2c3"}`, `{"id":"inv_x9y8z7"}`, `{"id":"ord_a1b2c3"}`},
		"a message":             {`{"id":"a1b2c3d4"}`, `{"id":"internal error"}`, `{"id":"a1b2c3d4"}`},
		"a number for a string": {`{"id":"a1b2c3d4"}`, `{"id":12345678}`, `{"id":"a1b2c3d4"}`},
		"uuid became short":     {`{"id":"` + uuid1 + `"}`, `{"id":"a1b2c3d4"}`, `{"id":"` + uuid1 + `"}`},
		"far longer": {
			`{"id":"a1b2c3d4"}`, `{"id":"a1b2c3d4a1b2c3d4a1b2c3d4"}`,
			`{"id":"a1b2c3d4"}`,
		},
		"list in another order": {
			`[{"id":"aa11bb"},{"id":"cc22dd"}]`, `[{"id":"cc22dd"},{"id":"aa11bb"}]`,
			`{"id":"aa11bb"}`,
		},
		"same for all": {
			`{"a":{"id":"aa11bb"},"b":{"id":"cc22dd"}}`,
			`{"a":{"id":"aa11bb"},"b":{"id":"aa11bb"}}`, `{"id":"aa11bb","b_id":"cc22dd"}`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			next := post("/next", "application/json", tc.next)
			s, sent := play(newCorrelator(t, correlate.DefaultConfig()), []exchange{
				{request: get("/a"), recorded: answer(tc.recorded), actual: answer(tc.actual)}, {request: next},
			})
			if got := s.Bindings(); len(got) > 0 {
				t.Errorf("bound %+v", got)
			}
			if want := "/next " + tc.next; sent[1] != want {
				t.Errorf("sent %s, want %s", sent[1], want)
			}
		})
	}
}

func TestValuesOfTheClientAreNotIssued(t *testing.T) {
	s, sent := play(newCorrelator(t, correlate.DefaultConfig()), []exchange{
		{
			request:  post("/orders", "application/json", `{"customer":"cus_a1b2c3"}`),
			recorded: answer(`{"customer":"cus_a1b2c3"}`), actual: answer(`{"customer":"cus_x9y8z7"}`),
		},
		{request: get("/customers/cus_a1b2c3")},
	})
	if len(s.Bindings()) > 0 || sent[1] != "/customers/cus_a1b2c3" {
		t.Errorf("bound %v, sent %s", s.Bindings(), sent[1])
	}
}

func TestSettledValuesStaySettled(t *testing.T) {
	s, sent := play(newCorrelator(t, correlate.DefaultConfig()), []exchange{
		{request: get("/a"), recorded: answer(`{"id":"aa11bb"}`), actual: answer(`{"id":"aa11bb"}`)},
		{request: get("/a"), recorded: answer(`{"id":"aa11bb"}`), actual: answer(`{"id":"zz99yy"}`)},
		{request: get("/a/aa11bb")},
	})
	if len(s.Bindings()) > 0 || sent[2] != "/a/aa11bb" || s.Same("aa11bb", "zz99yy") {
		t.Errorf("bound %v, sent %s", s.Bindings(), sent[2])
	}
}
