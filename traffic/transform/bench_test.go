package transform

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// BenchmarkApply changes records as an order service has them by five transforms; one op is a record.
func BenchmarkApply(b *testing.B) {
	list := `[{redact: {headers: [Cookie], json: ["$..card_number", "$.customer.email"]}},
		{token: {header: Authorization, value: Bearer shadow}}, {host: {from: api.prod.com, to: localhost}},
		{ids: {map: ids.csv}}, {time: {shift: capture_to_now}}]`
	var ids strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&ids, "c-%06d,n-%06d\n", i, i)
	}
	records := make([]traffic.Record, 1000)
	for i := range records {
		records[i] = *benched(i)
	}
	c := mustLoad(b, list, map[string]string{"ids.csv": ids.String()})
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		r := records[i%len(records)]
		request, response := *r.Request, *r.Response
		r.Request, r.Response = &request, &response
		if err := c.Apply(&r); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	for _, u := range c.Uses() {
		if u.Count == 0 && b.N > 1 {
			b.Fatalf("%s has not fired", u.Name)
		}
	}
}

func benched(i int) *traffic.Record {
	at := start.Add(time.Duration(i) * time.Second).Format(time.RFC3339)
	return record(fmt.Sprintf("/customers/c-%06d/orders?expand=lines", i),
		fmt.Sprintf(`{"customer":{"id":"c-%06d","email":"a.b@example.com"},"card_number":"4111111111111111",`+
			`"lines":[{"article":"a%04d","count":1,"price":29.90},`+
			`{"article":"b%04d","count":2,"price":9.95}],"at":%q}`, i, i, i, at),
		fmt.Sprintf(`{"id":"ord_261120abc%06d","status":"paid","created":%q,`+
			`"links":{"self":"https://api.prod.com/orders/%d"},`+
			`"items":[{"sku":"sku-1001","qty":1,"price":29.90},{"sku":"sku-1002","qty":2,"price":9.95}]}`, i, at, i),
		"Content-Type: application/json", "Authorization: Bearer abc", "Cookie: sid=1", "Accept: */*",
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64)", "X-Request-Id: 0123456789abcdef")
}
