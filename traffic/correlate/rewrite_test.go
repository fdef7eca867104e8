package correlate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/traffic"
)

func TestLastWord(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "id": "id", "ID": "id", "_id": "id", "order_id": "id", "orderId": "id", "orderID": "id",
		"X-Request-Id": "id",
		"paid":         "paid", "order_": "", "nextCursor": "cursor", "A": "a", "user.id": "id", "orderIDs": "ds",
		"order_ids": "ids",
	} {
		if got := lastWord(name); got != want {
			t.Errorf("lastWord(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestIdenticalAnswersNeverBind replays random sessions against a service that answers as recorded.
func TestIdenticalAnswersNeverBind(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		var records []*traffic.Record
		known := []string{"start123"}
		for range 1 + r.IntN(12) {
			used := known[r.IntN(len(known))]
			fresh := fmt.Sprintf("%s_%08x", []string{"ord", "a", "X"}[r.IntN(3)], r.Uint32())
			known = append(known, fresh)
			records = append(records, &traffic.Record{
				Request: &traffic.Request{
					Method: "POST", URL: "/a/" + used + "?x=" + used,
					Header: http.Header{"Cookie": {"sid=" + used}},
					Body:   []byte(`{"id":"` + used + `","n":` + strconv.Itoa(r.IntN(9999)) + `}`),
				},
				Response: &traffic.Response{
					Status: 200, Header: http.Header{
						"Location": {"/a/" + fresh}, "Set-Cookie": {"sid=" + fresh},
						"Etag": {`"` + used + `"`},
					},
					Body: []byte(fmt.Sprintf(`{"id":%q,"old":%q,"n":%d,"list":[%q,%d]}`, fresh, used, r.IntN(9999),
						used, r.IntN(99999))),
				},
			})
		}
		s := NewSession()
		links := s.Links(records)
		for i, record := range records {
			if sent := s.Apply("", record.Request); sent != record.Request {
				t.Fatalf("request %d was rewritten: %s", i, sent.URL)
			}
			s.Learn(Exchange{Index: i, Links: links[i], Recorded: record.Response, Actual: record.Response})
		}
		if got := s.Bindings(); len(got) > 0 {
			t.Fatalf("bound %+v", got)
		}
		if got := s.Unbound(); len(got) > 0 {
			t.Fatalf("unbound %+v", got)
		}
	}
}

// FuzzRewrite wants requests untouched where nothing is known, and JSON that stays JSON where all is.
func FuzzRewrite(f *testing.F) {
	f.Add("/a/ord_1?x=%41&y", "application/json",
		[]byte(`{"id":"ord_\u0031","n":[1,-2.5e3],"a":{"b":"/x/y?z=1"}}`))
	f.Add("http://h:1/%zz/?#f", "application/x-www-form-urlencoded", []byte(`a=b&c=%20&&=`))
	f.Add("/", "multipart/form-data; boundary=b",
		[]byte("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx1y2z3\r\n--b--\r\n"))
	f.Add("*", "text/plain", []byte("order: ord_1; \xff"))
	f.Fuzz(func(t *testing.T, target, media string, body []byte) {
		r := &traffic.Request{
			Method: "POST", URL: target, Body: body,
			Header: http.Header{"Content-Type": {media}, "Cookie": {target}, "X-Token": {string(body)}},
		}
		none := rewriter{at: new(spot), find: func(string, standing) (string, bool) { return "", false }}
		if none.request(r) != r {
			t.Fatal("a request was copied though nothing is known")
		}
		before := bytes.Clone(body)
		more := func(token string, _ standing) (string, bool) { return token + "1", token != "" }
		all := rewriter{at: new(spot), find: more}
		out := all.request(r)
		if json.Valid(body) && media != formType && !json.Valid(out.Body) {
			t.Errorf("%q became %q", body, out.Body)
		}
		if !bytes.Equal(before, r.Body) || r.URL != target || r.Header.Get("Cookie") != target {
			t.Error("the request was changed in place")
		}
	})
}

// FuzzLearn wants no panic, and nothing to be replaced by an empty value.
func FuzzLearn(f *testing.F) {
	f.Add([]byte(`{"id":"a1b2c3","next":"/a?cursor=x1y2z3"}`),
		[]byte(`{"id":"z9y8x7","next":"/a?cursor=q1w2e3"}`), "/a1b2c3?cursor=x1y2z3", "</a/b1>; rel=x")
	f.Add([]byte(`<!doctype html><input type=hidden name=a value=x1y2z3><a href=/o/42?c=x1>`),
		[]byte(`<html><input type=hidden name=a value=q1w2e3><a href=/o/43?c=x2>`), "/x1y2z3/42", "csrf=%41a1b2c3")
	f.Add([]byte(`[1001,"2"]`), []byte(`[1002`), "/1001", "sid=abc123")
	f.Fuzz(func(t *testing.T, recorded, actual []byte, target, header string) {
		h := http.Header{
			"Location": {header}, "Link": {header}, "Set-Cookie": {header}, "X-Token": {header},
			"Etag": {header},
		}
		answer := &traffic.Response{Status: 200, Header: h, Body: recorded}
		next := &traffic.Request{URL: target, Header: http.Header{"Cookie": {header}}, Body: recorded}
		s := NewSession()
		links := s.Links([]*traffic.Record{
			{Request: &traffic.Request{URL: "/"}, Response: answer},
			{Request: next},
		})
		again, err := ParseLinks(AppendLinks(nil, links[0]))
		if diff := cmp.Diff(links[0], again, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
		s.Learn(Exchange{Links: links[0], Recorded: answer, Actual: &traffic.Response{
			Status: 200, Body: actual,
			Header: http.Header{"Location": {string(actual)}},
		}})
		for _, b := range s.Bindings() {
			if strings.TrimSpace(b.Actual) == "" || b.Recorded == b.Actual {
				t.Errorf("bound %+v", b)
			}
		}
		s.Apply("", next)
		s.Same(string(recorded), string(actual))
	})
}
