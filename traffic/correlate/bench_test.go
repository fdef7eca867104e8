package correlate

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// BenchmarkApply rewrites a request with a token, a cookie and an id, and one that holds nothing.
func BenchmarkApply(b *testing.B) {
	s := NewSession()
	var list []*traffic.Record
	for i := range 50 {
		list = append(list, exchange("", order(i)))
	}
	carrying := benched("Bearer "+order(1), "/orders/"+order(2)+"?after="+order(3), order(4))
	list = append(list, &traffic.Record{Request: &traffic.Request{URL: "/" + order(1) + "/" + order(2)}})
	for i := range 50 {
		list = append(list, exchange(order(i), ""))
	}
	for i, links := range s.Links(list) {
		if i < 50 {
			s.Learn(Exchange{Index: i, Links: links, Recorded: list[i].Response, Actual: exchange("", order(100+i)).Response})
		}
	}
	for name, r := range map[string]*traffic.Request{
		"carrying": carrying, "nothing": benched("Basic YTpi", "/orders/17?limit=20", "x"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if changed := s.Apply("GET /orders/{id}", r) != r; changed != (name == "carrying") {
					b.Fatal(changed)
				}
			}
		})
	}
}

func benched(authorization, target, id string) *traffic.Request {
	return &traffic.Request{
		Method: http.MethodPost, URL: target, Body: fmt.Appendf(nil, `{"id":%q,"lines":[{"sku":"sku-17","n":3}]}`, id),
		Header: http.Header{
			"Authorization": {authorization}, "Cookie": {"theme=dark; consent=1; sid=" + id},
			"Content-Type": {"application/json"},
			"Accept":       {"application/json"}, "User-Agent": {"okhttp/5.1.0"}, "X-Request-Id": {"0123456789abcdef"},
			"Referer": {"https://shop.test/cart?x=1"}, "X-Forwarded-For": {"10.1.2.3"},
		},
	}
}
