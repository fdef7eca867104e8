package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func clock() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// call sends one request and returns status and decoded body.
func call(t *testing.T, h http.Handler, target, body string) (int, map[string]any) {
	t.Helper()
	method, path, _ := strings.Cut(target, " ")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s answered %q: %v", target, rec.Body, err)
	}
	return rec.Code, out
}

func TestCharges(t *testing.T) {
	tests := map[string]struct {
		body string
		want int
	}{
		"small":      {`{"amount":41.50,"currency":"EUR","idempotency_key":"k"}`, http.StatusCreated},
		"the limit":  {`{"amount":5000.00,"currency":"EUR","idempotency_key":"k"}`, http.StatusCreated},
		"above":      {`{"amount":5000.01,"currency":"EUR","idempotency_key":"k"}`, http.StatusPaymentRequired},
		"no key":     {`{"amount":1,"currency":"EUR"}`, http.StatusUnprocessableEntity},
		"no amount":  {`{"currency":"EUR","idempotency_key":"k"}`, http.StatusUnprocessableEntity},
		"not JSON":   {`amount=1`, http.StatusBadRequest},
		"wrong type": {`{"amount":"1"}`, http.StatusBadRequest},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, _ := call(t, NewPayment(clock).Handler(), "POST /charges", tc.body)
			if got != tc.want {
				t.Errorf("got %d, expected %d", got, tc.want)
			}
		})
	}
}

func TestAnIdempotencyKeyChargesOnce(t *testing.T) {
	h := NewPayment(clock).Handler()
	body := `{"amount":41.50,"currency":"EUR","idempotency_key":"k"}`
	_, first := call(t, h, "POST /charges", body)
	status, second := call(t, h, "POST /charges", body)
	if status != http.StatusOK || first["id"] != second["id"] {
		t.Errorf("the second charge answered %d with %v, expected 200 with %v", status, second["id"], first["id"])
	}
}

func TestRefunds(t *testing.T) {
	h := NewPayment(clock).Handler()
	_, c := call(t, h, "POST /charges", `{"amount":41.50,"currency":"EUR","idempotency_key":"k"}`)
	refund := func(id any, amount float64) int {
		body, err := json.Marshal(map[string]any{"charge_id": id, "amount": amount})
		if err != nil {
			t.Fatal(err)
		}
		status, _ := call(t, h, "POST /refunds", string(body))
		return status
	}
	got := []int{refund("ch_unknown", 41.5), refund(c["id"], 40), refund(c["id"], 41.5), refund(c["id"], 41.5)}
	want := []int{
		http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusCreated, http.StatusConflict,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestProducts(t *testing.T) {
	tests := map[string]struct {
		target string
		status int
		price  any
	}{
		"in euro":           {"GET /products/sku-1001?currency=EUR", http.StatusOK, 29.90},
		"in dollars":        {"GET /products/sku-1002?currency=USD", http.StatusOK, 7.14},
		"unknown currency":  {"GET /products/sku-1001?currency=XXX", http.StatusUnprocessableEntity, nil},
		"unknown product":   {"GET /products/sku-1999", http.StatusNotFound, nil},
		"no currency given": {"GET /products/sku-1001", http.StatusOK, 29.90},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := call(t, NewCatalog(products()).Handler(), tc.target, "")
			if status != tc.status || body["price"] != tc.price {
				t.Errorf("got %d %v, expected %d %v", status, body["price"], tc.status, tc.price)
			}
		})
	}
}

func TestAPriceChangesAfterSomeReads(t *testing.T) {
	h := NewCatalog(products()).Handler()
	var got []any
	for range priceHolds + 2 {
		_, body := call(t, h, "GET /products/sku-1030", "")
		got = append(got, body["price"])
	}
	if diff := cmp.Diff([]any{19.90, 19.90, 19.90, 17.90, 17.90}, got); diff != "" {
		t.Errorf("prices (-want +got):\n%s", diff)
	}
}

func TestThereAreThirtyProducts(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range products() {
		seen[p.SKU] = true
	}
	if len(seen) != 30 {
		t.Errorf("the range has %d products, expected 30", len(seen))
	}
}
