package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// captured makes the ith exchange as production has them: a dozen headers on either side, and answers of one
// to four kilobytes of JSON; each third request is a POST with half a kilobyte.
func captured(i int) *traffic.Record {
	r := &traffic.Record{
		Direction: traffic.Inbound, Protocol: traffic.HTTP, Duration: time.Duration(5+i%200) * time.Millisecond,
		Request: &traffic.Request{
			Method: http.MethodGet, URL: fmt.Sprintf("/orders/%d?page=%d&limit=20", i%100_000, i%9), Host: "shop.test:8080",
			Header: http.Header{
				"Accept": {"application/json, text/plain, */*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"},
				"Accept-Language": {"de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"}, "User-Agent": {agents()[i%3]},
				"Authorization": {"Bearer eyJhbGciOiJIUzI1NiJ9." + strings.Repeat("eyJzdWIi", 12) + strconv.Itoa(i%5000)},
				"Cookie":        {fmt.Sprintf("sid=%016x; theme=dark; consent=1", i%5000*7919)},
				"X-Request-Id":  {fmt.Sprintf("%032x", i)}, "X-Forwarded-For": {fmt.Sprintf("10.1.%d.%d", i%7, i%251)},
				"Referer": {"https://shop.test/cart"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"same-origin"},
			},
		},
		Response: &traffic.Response{
			Status: http.StatusOK, Body: items(i, 8+i%25),
			Header: http.Header{
				"Content-Type": {"application/json; charset=utf-8"}, "Date": {"Sun, 01 Nov 2026 12:00:00 GMT"},
				"Cache-Control": {"no-cache, private"}, "Etag": {fmt.Sprintf(`W/"%08x"`, i)}, "Server": {"nginx/1.29.2"},
				"Vary": {"Accept-Encoding", "Origin"}, "X-Content-Type-Options": {"nosniff"}, "X-Frame-Options": {"DENY"},
				"Strict-Transport-Security": {"max-age=31536000"}, "X-Runtime": {fmt.Sprintf("0.%06d", i%1_000_000)},
			},
		},
	}
	stamp(r, i)
	if i%3 == 0 {
		r.Request.Method, r.Request.URL, r.Request.Body = http.MethodPost, "/orders", items(i, 4)
		r.Request.Header["Content-Type"] = []string{"application/json"}
	}
	return r
}

// stamp gives the ith exchange its id, which is one of GoReplay's, and its time.
func stamp(r *traffic.Record, i int) {
	start := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	r.ID = fmt.Sprintf("%04x1f90%08x%08x", 20_000+i/8%40_000, 0x0a000001+i/8%251, i)
	r.Time = start.Add(time.Duration(i) * time.Millisecond)
}

func agents() []string {
	return []string{
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", "okhttp/5.1.0",
	}
}

// items is a list of n things, about 120 bytes each.
func items(i, n int) []byte {
	b := fmt.Appendf(nil, `{"order":%d,"customer":{"id":"c-%06d","email":"c%d@example.com"},"lines":[`, i, i%5000, i%5000)
	for j := range n {
		if j > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"sku":"sku-%04d","name":"A thing of \"some\" kind","count":%d,"price":%d.95,"currency":"EUR"}`,
			(i+j)%977, j%7+1, 9+(i+j)%90)
	}
	return append(b, "]}\n"...)
}
