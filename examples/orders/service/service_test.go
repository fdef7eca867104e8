package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var orderID = regexp.MustCompile(`^ord_[0-9a-z]{16}$`)

func TestCreateAndRead(t *testing.T) {
	h := start(t, "")
	c := h.login(t, "ada")
	made := c.order(t, "pen", "ink")
	id, _ := made.json["id"].(string)
	if !orderID.MatchString(id) {
		t.Errorf("id %q is not as documented", id)
	}
	if got := made.header.Get("Location"); got != "/orders/"+id {
		t.Errorf("Location is %q", got)
	}
	for _, name := range []string{"created_at", "updated_at"} {
		text, _ := made.json[name].(string)
		if _, err := time.Parse(time.RFC3339Nano, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(made.raw, `"total":42.00`) {
		t.Errorf("the total is not 42.00: %s", made.raw)
	}
	read := c.send(t, "GET /orders/"+id, "")
	if diff := cmp.Diff(made.json, read.json); diff != "" {
		t.Errorf("read differs from created (-created +read):\n%s", diff)
	}
	if got := read.header.Get("ETag"); got != `"v1"` {
		t.Errorf("ETag is %q", got)
	}
}

func TestWhatIsSentUpstream(t *testing.T) {
	h := start(t, "")
	c := h.login(t, "ada")
	c.header[requestIDHeader] = "req-1"
	id, _ := c.order(t, "pen", "ink").json["id"].(string)
	c.order(t, "pen")
	c.send(t, "POST /orders/"+id+"/cancel", "")

	if got := h.callsTo("GET /products/ink?currency=EUR"); len(got) != 1 || got[0].requestID != "req-1" {
		t.Errorf("the lookups of ink were %+v", got)
	}
	charges := h.callsTo("POST /charges")
	if len(charges) != 2 {
		t.Fatalf("got %d charges, expected 2", len(charges))
	}
	key := charges[0].body["idempotency_key"]
	if key == charges[1].body["idempotency_key"] {
		t.Errorf("two charges share the key %v", key)
	}
	want := map[string]any{
		"amount": 42.0, "currency": "EUR", "customer": "ada", "reference": "ada/1",
		"order_id": id, "idempotency_key": key,
	}
	if diff := cmp.Diff(want, charges[0].body); diff != "" {
		t.Errorf("charge (-want +got):\n%s", diff)
	}
	if got := charges[1].body["reference"]; got != "ada/2" {
		t.Errorf("the second reference is %v", got)
	}
	wantRefund := map[string]any{"charge_id": "ch_1", "amount": 42.0, "reason": "cancelled_by_customer"}
	if refunds := h.callsTo("POST /refunds"); len(refunds) != 1 {
		t.Errorf("got %d refunds, expected 1", len(refunds))
	} else if diff := cmp.Diff(wantRefund, refunds[0].body); diff != "" {
		t.Errorf("refund (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	item := func(sku, qty string) string {
		return `{"currency":"EUR","items":[{"sku":"` + sku + `","qty":` + qty + `}]}`
	}
	tests := map[string]struct {
		target, body string
		status       int
		contains     string
	}{
		"not JSON":         {"POST /orders", `{`, 400, "bad_json"},
		"unknown field":    {"POST /orders", `{"item":1}`, 400, "item"},
		"no items":         {"POST /orders", `{"currency":"EUR"}`, 422, `"field":"items"`},
		"bad currency":     {"POST /orders", `{"items":[{"sku":"a","qty":1}],"currency":"X"}`, 422, "currency"},
		"no quantity":      {"POST /orders", item("a", "0"), 422, "items[0].qty"},
		"unknown product":  {"POST /orders", item("gone", "1"), 422, "items[0].sku"},
		"out of stock":     {"POST /orders", item("rare", "2"), 409, "out_of_stock"},
		"declined":         {"POST /orders", item("dear", "2"), 402, "payment_declined"},
		"upstream broken":  {"POST /orders", item("broken", "1"), 502, "upstream"},
		"unknown order":    {"GET /orders/ord_25013123456789ab", "", 404, "not_found"},
		"unknown receipt":  {"GET /orders/ord_25013123456789ab/receipt", "", 404, "not_found"},
		"unknown cancel":   {"POST /orders/ord_25013123456789ab/cancel", "", 404, "not_found"},
		"limit too large":  {"GET /orders?limit=51", "", 422, "limit"},
		"limit not number": {"GET /orders?limit=x", "", 422, "limit"},
		"foreign cursor":   {"GET /orders?cursor=" + newCursor("ord_x"), "", 422, "cursor"},
		"garbled cursor":   {"GET /orders?cursor=!", "", 422, "cursor"},
		"unknown status":   {"GET /orders?status=lost", "", 422, "status"},
		"bad min_total":    {"GET /orders/search?min_total=x", "", 422, "min_total"},
		"login as nobody":  {"POST /login", `{"user":" "}`, 422, "user"},
	}
	c := start(t, "").login(t, "ada")
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := c.send(t, tc.target, tc.body)
			if got.status != tc.status || !strings.Contains(got.raw, tc.contains) {
				t.Errorf("got %d %s, expected %d with %q", got.status, got.raw, tc.status, tc.contains)
			}
		})
	}
}

func TestSessionsAreApart(t *testing.T) {
	h := start(t, "")
	ada, bob := h.login(t, "ada"), h.login(t, "bob")
	location := ada.order(t, "pen").header.Get("Location")
	again := h.login(t, "ada")
	nobody := &client{h: h, header: map[string]string{"Authorization": "Bearer tok_made_up"}}
	got := map[string]int{
		"owner":       ada.send(t, "GET "+location, "").status,
		"other":       bob.send(t, "GET "+location, "").status,
		"later login": again.send(t, "GET "+location, "").status,
		"bad token":   nobody.send(t, "GET "+location, "").status,
		"no token":    (&client{h: h}).send(t, "GET "+location, "").status,
	}
	want := map[string]int{"owner": 200, "other": 404, "later login": 404, "bad token": 401, "no token": 401}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestListFollowsCursors(t *testing.T) {
	c := start(t, "").login(t, "ada")
	var want []string
	for range 5 {
		id, _ := c.order(t, "pen").json["id"].(string)
		want = append([]string{id}, want...)
	}
	var got []string
	pages := 0
	for path := "/orders?limit=2"; path != ""; pages++ {
		page := c.send(t, "GET "+path, "")
		got = append(got, idsOf(page)...)
		path = ""
		if next, _ := page.json["next_cursor"].(string); next != "" {
			path = "/orders?limit=2&cursor=" + next
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
		t.Errorf("%d pages, expected 3; ids (-want +got):\n%s", pages, diff)
	}
}

func idsOf(r reply) []string {
	var ids []string
	rows, _ := r.json["orders"].([]any)
	for _, row := range rows {
		order, _ := row.(map[string]any)
		id, _ := order["id"].(string)
		ids = append(ids, id)
	}
	return ids
}

func TestListByStatusAndSearch(t *testing.T) {
	c := start(t, "").login(t, "ada")
	small := c.order(t, "pen")
	large := c.order(t, "pen", "ink")
	c.send(t, "POST "+small.header.Get("Location")+"/cancel", "")
	smallID, _ := small.json["id"].(string)
	largeID, _ := large.json["id"].(string)
	tests := map[string]struct {
		path string
		want []string
	}{
		"cancelled":     {"/orders?status=cancelled", []string{smallID}},
		"paid":          {"/orders?status=paid", []string{largeID}},
		"dearest first": {"/orders/search?q=THING", []string{largeID, smallID}},
		"minimum":       {"/orders/search?min_total=21.01", []string{largeID}},
		"by SKU":        {"/orders/search?q=ink", []string{largeID}},
		"none":          {"/orders/search?q=zebra", nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := c.send(t, "GET "+tc.path, "")
			if diff := cmp.Diff(tc.want, idsOf(got)); diff != "" || !strings.Contains(got.raw, `"orders":[`) {
				t.Errorf("ids (-want +got):\n%s\n%s", diff, got.raw)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	c := start(t, "").login(t, "ada")
	target := "POST " + c.order(t, "pen").header.Get("Location") + "/cancel"
	if got := c.send(t, target, "", "If-Match", `"v9"`); got.status != http.StatusPreconditionFailed {
		t.Errorf("another version answered %d", got.status)
	}
	got := c.send(t, target, "", "If-Match", `"v1"`)
	if got.status != http.StatusOK || got.json["status"] != "cancelled" || got.json["version"] != 2.0 {
		t.Errorf("cancelling answered %d %s", got.status, got.raw)
	}
	if got := c.send(t, target, ""); got.status != http.StatusConflict {
		t.Errorf("the second time answered %d", got.status)
	}
}

func TestReceipt(t *testing.T) {
	c := start(t, "").login(t, "ada")
	location := c.order(t, "pen").header.Get("Location")
	c.send(t, "POST "+location+"/cancel", "")
	got := c.send(t, "GET "+location+"/receipt", "")
	want := "Receipt ada/1\nCustomer: ada\nPayment:  ch_1\n\n" +
		"  2 x Thing                         10.50      21.00\n\nTotal: 21.00 EUR\nRefunded: 21.00 EUR\n"
	if diff := cmp.Diff(want, got.raw); diff != "" {
		t.Errorf("receipt (-want +got):\n%s", diff)
	}
	if media := got.header.Get("Content-Type"); media != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type is %q", media)
	}
}

func TestRequestIDs(t *testing.T) {
	c := &client{h: start(t, "")}
	if got := c.send(t, "GET /healthz", "", requestIDHeader, "mine").header.Get(requestIDHeader); got != "mine" {
		t.Errorf("a given id came back as %q", got)
	}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if got := c.send(t, "GET /healthz", "").header.Get(requestIDHeader); !uuid.MatchString(got) {
		t.Errorf("%q is not a UUID", got)
	}
}

func TestMoney(t *testing.T) {
	tests := map[string]struct {
		text string
		want Money
		out  string
	}{
		"cents":    {"41.50", 4150, "41.50"},
		"whole":    {"41", 4100, "41.00"},
		"rounded":  {"0.286", 29, "0.29"},
		"negative": {"-0.05", -5, "-0.05"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var m Money
			if err := json.Unmarshal([]byte(tc.text), &m); err != nil || m != tc.want {
				t.Errorf("read %d (%v), expected %d", m, err, tc.want)
			}
			if got := m.String(); got != tc.out {
				t.Errorf("wrote %s, expected %s", got, tc.out)
			}
		})
	}
}

// firstWrite hands the first write on; a log handler writes one line at a time.
type firstWrite struct {
	once sync.Once
	line chan string
}

func (w *firstWrite) Write(p []byte) (int, error) {
	w.once.Do(func() { w.line <- string(p) })
	return len(p), nil
}

func TestRunServesUntilItIsStopped(t *testing.T) {
	env := map[string]string{
		"PORT": "0", "PAYMENT_API_URL": "http://127.0.0.1:1", "CATALOG_API_URL": "http://127.0.0.1:1",
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stderr := &firstWrite{line: make(chan string, 1)}
	code := make(chan int, 1)
	go func() { code <- run(ctx, func(name string) string { return env[name] }, stderr) }()

	_, addr, found := strings.Cut(strings.TrimSpace(<-stderr.line), "addr=")
	if !found {
		t.Fatal("the first line does not tell the address")
	}
	c := &client{h: &harness{url: "http://" + addr}}
	if got := c.send(t, "GET /healthz", ""); got.status != http.StatusOK {
		t.Errorf("the running service answered %d", got.status)
	}
	cancel()
	if got := <-code; got != exitOK {
		t.Errorf("run gave %d, expected %d", got, exitOK)
	}
}

func TestRunRefusesAnIncompleteEnvironment(t *testing.T) {
	var stderr bytes.Buffer
	if code := run(t.Context(), func(string) string { return "" }, &stderr); code != exitConfig {
		t.Errorf("run gave %d, expected %d", code, exitConfig)
	}
	if !strings.Contains(stderr.String(), "PAYMENT_API_URL is not set") {
		t.Errorf("stderr does not name what is missing: %s", stderr.String())
	}
}
