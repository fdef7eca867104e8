package main

import (
	"crypto/rand"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
)

// declineAbove is the largest amount that is charged, in cents.
const declineAbove = 5000_00

const maxBody = 64 << 10

// Payment is the payment API: POST /charges and POST /refunds. It keeps its charges in memory and is
// safe for concurrent use.
type Payment struct {
	now func() time.Time

	mu      sync.Mutex
	charges map[string]*charge // by id
	keys    map[string]*charge // by idempotency key
}

// NewPayment returns a payment API without charges.
func NewPayment(now func() time.Time) *Payment {
	return &Payment{now: now, charges: map[string]*charge{}, keys: map[string]*charge{}}
}

// Handler routes the requests.
func (p *Payment) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", health)
	mux.HandleFunc("POST /charges", p.charge)
	mux.HandleFunc("POST /refunds", p.refund)
	return mux
}

type chargeRequest struct {
	Amount         float64 `json:"amount"`
	Currency       string  `json:"currency"`
	Customer       string  `json:"customer"`
	Reference      string  `json:"reference"`
	OrderID        string  `json:"order_id"`
	IdempotencyKey string  `json:"idempotency_key"`
}

type charge struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Amount    decimal   `json:"amount"`
	Currency  string    `json:"currency"`
	Reference string    `json:"reference"`
	Created   time.Time `json:"created"`

	refunded bool
}

func (p *Payment) charge(w http.ResponseWriter, r *http.Request) {
	var in chargeRequest
	if !decode(w, r, &in) {
		return
	}
	amount := cents(in.Amount)
	switch {
	case amount <= 0 || in.Currency == "" || in.IdempotencyKey == "":
		refuse(w, http.StatusUnprocessableEntity, "invalid", "amount, currency and idempotency_key are required")
		return
	case amount > declineAbove:
		refuse(w, http.StatusPaymentRequired, "declined", "the amount is above the card's limit")
		return
	}
	c, fresh := p.book(in, amount)
	status := http.StatusCreated
	if !fresh {
		status = http.StatusOK
	}
	respond(w, status, c)
}

// book keeps a charge; a known idempotency key gives back the charge that it made.
func (p *Payment) book(in chargeRequest, amount decimal) (charge, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c, ok := p.keys[in.IdempotencyKey]; ok {
		return *c, false
	}
	c := &charge{
		ID: newID("ch_"), Status: "succeeded", Amount: amount, Currency: in.Currency,
		Reference: in.Reference, Created: p.now().UTC(),
	}
	p.charges[c.ID], p.keys[in.IdempotencyKey] = c, c
	return *c, true
}

type refundRequest struct {
	ChargeID string  `json:"charge_id"`
	Amount   float64 `json:"amount"`
	Reason   string  `json:"reason"`
}

type refund struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	ChargeID string    `json:"charge_id"`
	Amount   decimal   `json:"amount"`
	Created  time.Time `json:"created"`
}

func (p *Payment) refund(w http.ResponseWriter, r *http.Request) {
	var in refundRequest
	if !decode(w, r, &in) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.charges[in.ChargeID]
	switch {
	case !ok:
		refuse(w, http.StatusNotFound, "not_found", "no such charge")
	case c.refunded:
		refuse(w, http.StatusConflict, "already_refunded", "the charge has been refunded")
	case cents(in.Amount) != c.Amount:
		refuse(w, http.StatusUnprocessableEntity, "amount", "only whole charges are refunded")
	default:
		c.refunded = true
		respond(w, http.StatusCreated, refund{
			ID: newID("re_"), Status: "succeeded", ChargeID: c.ID, Amount: c.Amount, Created: p.now().UTC(),
		})
	}
}

// newID issues a prefix and 24 lower-case base 32 characters.
func newID(prefix string) string { return prefix + strings.ToLower(rand.Text()[:24]) }

func cents(amount float64) decimal { return decimal(math.Round(amount * 100)) }

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "bad_json", err.Error())
		return false
	}
	return true
}
