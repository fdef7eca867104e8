package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// harness is the service with fake upstreams that remember what they were asked.
type harness struct {
	url  string
	logs *syncBuffer

	mu    sync.Mutex
	calls []call
}

// call is one request that reached an upstream.
type call struct {
	target    string
	requestID string
	body      map[string]any
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func start(t *testing.T, faultName string) *harness {
	t.Helper()
	faults, err := parseFault(faultName)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{logs: &syncBuffer{}}
	upstreams := httptest.NewServer(http.HandlerFunc(h.upstream))
	t.Cleanup(upstreams.Close)
	api := &API{
		store:   NewStore(),
		payment: &Payment{upstream: newUpstream(upstreams.URL)},
		catalog: &Catalog{upstream: newUpstream(upstreams.URL)},
		faults:  faults,
		log:     slog.New(slog.NewTextHandler(h.logs, nil)),
		now:     time.Now,
	}
	server := httptest.NewServer(api.Handler())
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

// upstream is both APIs: prices are 10.50, rare has one in stock, gone is unknown, a charge above
// 5000 is declined, and broken answers 599 as a mock that has no stub does.
func (h *harness) upstream(w http.ResponseWriter, r *http.Request) {
	c := call{target: r.Method + " " + r.URL.RequestURI(), requestID: r.Header.Get(requestIDHeader)}
	_ = json.NewDecoder(r.Body).Decode(&c.body) // GET has none
	h.mu.Lock()
	h.calls = append(h.calls, c)
	h.mu.Unlock()
	amount, _ := c.body["amount"].(float64)
	switch path := r.URL.Path; {
	case path == "/charges" && amount > 5000:
		w.WriteHeader(http.StatusPaymentRequired)
	case path == "/charges":
		_, _ = io.WriteString(w, `{"id":"ch_1"}`)
	case path == "/refunds":
		_, _ = io.WriteString(w, `{"id":"re_1"}`)
	case path == "/products/gone":
		w.WriteHeader(http.StatusNotFound)
	case path == "/products/broken":
		w.WriteHeader(599)
	case path == "/products/rare":
		_, _ = io.WriteString(w, `{"sku":"rare","name":"Rare","price":10.50,"stock":1}`)
	case path == "/products/dear":
		_, _ = io.WriteString(w, `{"sku":"dear","name":"Dear","price":4999.99,"stock":9}`)
	default:
		_, _ = io.WriteString(w, `{"sku":"x","name":"Thing","price":10.50,"stock":50}`)
	}
}

func (h *harness) callsTo(prefix string) []call {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []call
	for _, c := range h.calls {
		if strings.HasPrefix(c.target, prefix) {
			found = append(found, c)
		}
	}
	return found
}

// client is one logged-in customer.
type client struct {
	h      *harness
	header map[string]string
}

type reply struct {
	status int
	header http.Header
	raw    string
	json   map[string]any
}

func (h *harness) login(t *testing.T, user string) *client {
	t.Helper()
	c := &client{h: h, header: map[string]string{}}
	got := c.send(t, "POST /login", `{"user":"`+user+`"}`)
	token, _ := got.json["token"].(string)
	if got.status != http.StatusOK || !strings.HasPrefix(token, "tok_") || len(token) != 36 {
		t.Fatalf("login answered %d %s", got.status, got.raw)
	}
	c.header["Authorization"] = "Bearer " + token
	return c
}

func (c *client) send(t *testing.T, target, body string, headers ...string) reply {
	t.Helper()
	method, path, _ := strings.Cut(target, " ")
	req, err := http.NewRequestWithContext(t.Context(), method, c.h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := reply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.json) // receipts are text
	return out
}

// order makes an order of the given SKUs, two of each, and returns it.
func (c *client) order(t *testing.T, skus ...string) reply {
	t.Helper()
	in := createRequest{Currency: "EUR"}
	for _, sku := range skus {
		in.Items = append(in.Items, createItem{SKU: sku, Qty: 2})
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got := c.send(t, "POST /orders", string(body))
	if got.status != http.StatusCreated {
		t.Fatalf("creating answered %d %s", got.status, got.raw)
	}
	return got
}
