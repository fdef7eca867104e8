package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// API answers the requests of customers.
type API struct {
	store            *Store
	payment, catalog upstream
	fault            Fault
}

// Handler routes the requests.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("POST /orders", a.create)
	mux.HandleFunc("GET /orders/{id}", a.read)
	mux.HandleFunc("GET /customers/{id}/orders", a.list)
	return mux
}

func (a *API) health(w http.ResponseWriter, r *http.Request) {
	if err := a.store.Ping(r.Context()); err != nil || a.fault == NeverReady {
		refuse(w, http.StatusServiceUnavailable, "starting")
		return
	}
	respond(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (a *API) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		SKU      string `json:"sku"`
		Quantity int    `json:"quantity"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in)
	customer := r.Header.Get("X-Customer")
	if err != nil || in.Quantity < 1 || customer == "" {
		refuse(w, http.StatusUnprocessableEntity, "sku, quantity and X-Customer are required")
		return
	}
	a.fault.onOrder(r.Context())
	o := Order{ID: newID(), Customer: customer, SKU: in.SKU, Quantity: in.Quantity, Status: "paid"}
	switch err := a.charge(r.Context(), &o); {
	case errors.Is(err, errUnknown):
		refuse(w, http.StatusNotFound, "no such product")
	case errors.Is(err, errDeclined):
		refuse(w, http.StatusPaymentRequired, "the payment was declined")
	case err != nil:
		slog.Error("placing an order", "error", err.Error())
		refuse(w, http.StatusBadGateway, "try again later")
	default:
		w.Header().Set("Location", "/orders/"+o.ID)
		respond(w, http.StatusCreated, o)
	}
}

var (
	errUnknown  = errors.New("unknown product")
	errDeclined = errors.New("declined")
)

// charge prices an order, takes the money and stores it.
func (a *API) charge(ctx context.Context, o *Order) error {
	var product struct {
		Price float64 `json:"price"`
	}
	status, err := a.catalog.call(ctx, http.MethodGet, "/products/"+url.PathEscape(o.SKU)+"?currency=EUR", nil, &product)
	switch {
	case err != nil:
		return err
	case status == http.StatusNotFound:
		return errUnknown
	case status != http.StatusOK:
		return fmt.Errorf("catalogue: status %d", status)
	}
	o.Amount = int64(product.Price*100+0.5) * int64(o.Quantity)
	status, err = a.payment.call(ctx, http.MethodPost, "/charges", a.fault.charge(map[string]any{
		"amount": float64(o.Amount) / 100, "currency": "EUR", "customer": o.Customer,
		"reference": o.SKU, "order_id": o.ID, "idempotency_key": newID(),
	}), nil)
	switch {
	case err != nil:
		return err
	case status == http.StatusPaymentRequired:
		return errDeclined
	case status != http.StatusCreated:
		return fmt.Errorf("payment: status %d", status)
	}
	return a.store.Add(ctx, *o)
}

func (a *API) read(w http.ResponseWriter, r *http.Request) {
	o, err := a.store.Get(r.Context(), r.PathValue("id"))
	answer(w, o, err)
}

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	list, err := a.store.List(r.Context(), r.PathValue("id"))
	answer(w, map[string]any{"orders": list, "count": len(list)}, err)
}

func answer(w http.ResponseWriter, v any, err error) {
	switch {
	case errors.Is(err, ErrNotFound):
		refuse(w, http.StatusNotFound, "no such order")
	case err != nil:
		slog.Error("reading orders", "error", err.Error())
		refuse(w, http.StatusInternalServerError, "try again later")
	default:
		respond(w, http.StatusOK, v)
	}
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the customer has gone
}

func refuse(w http.ResponseWriter, status int, why string) {
	respond(w, status, map[string]string{"error": why})
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return "ord_" + hex.EncodeToString(b[:])
}

// upstream is the client of another service.
type upstream struct{ base string }

// call sends in and decodes an answer of success into out, where there are such.
func (u upstream) call(ctx context.Context, method, path string, in, out any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(ctx, method, u.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if out == nil || resp.StatusCode >= http.StatusMultipleChoices {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(out)
}
