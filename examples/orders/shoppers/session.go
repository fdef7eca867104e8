package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// What the catalogue has is fixed, so that a shopper knows what will be answered.
const (
	plentiful     = 24 // sku-1001 to sku-1024 are always there
	soldOut       = "sku-1026"
	unknown       = "sku-1999"
	dear          = "sku-1029" // three of it are more than any card allows
	changing      = "sku-1030" // its price changes: only one session may buy it
	changingBuyer = 7
	changingBuys  = 5
	staleETag     = `"v9"`
	pageLimit     = 2
)

const (
	loginRoute   = "POST /login"
	createRoute  = "POST /orders"
	listRoute    = "GET /orders"
	searchRoute  = "GET /orders/search"
	readRoute    = "GET /orders/{id}"
	receiptRoute = "GET /orders/{id}/receipt"
	cancelRoute  = "POST /orders/{id}/cancel"
)

type item struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

type basket struct {
	Items    []item `json:"items"`
	Currency string `json:"currency"`
}

// shop is the whole session; it ends at the first answer that is not as expected.
func (s *shopper) shop(ctx context.Context) error {
	if err := s.login(ctx); err != nil {
		return err
	}
	orders, err := s.buy(ctx)
	if err != nil {
		return err
	}
	for _, act := range []func(context.Context, []answer) error{
		s.list, s.search, s.stray, s.mistake, s.change, s.list,
	} {
		if err := act(ctx, orders); err != nil {
			return err
		}
	}
	return nil
}

func (s *shopper) login(ctx context.Context) error {
	if s.number%9 == 4 {
		// Some look at their orders before they have logged in.
		if _, err := s.send(ctx, step{
			route: listRoute, path: "/orders?limit=2", anonymous: true, want: http.StatusUnauthorized,
		}); err != nil {
			return err
		}
	}
	got, err := s.send(ctx, step{
		route: loginRoute, path: "/login", body: map[string]string{"user": s.user}, want: http.StatusOK,
	})
	if err != nil {
		return err
	}
	var in struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(got.body, &in); err != nil || in.Token == "" {
		return fmt.Errorf("%s: the login answered without a token: %s", s.user, got.body)
	}
	s.token = in.Token
	return nil
}

// buy makes two to four orders, reads each and takes the receipts of the first two.
func (s *shopper) buy(ctx context.Context) ([]answer, error) {
	var orders []answer
	for i := range s.buys() {
		creating := step{route: createRoute, path: "/orders", body: s.basket(), want: http.StatusCreated}
		got, err := s.send(ctx, creating)
		if err != nil {
			return nil, err
		}
		if got.order.ID == "" || got.location == "" {
			return nil, fmt.Errorf("%s: an order came back without id or Location", s.user)
		}
		orders = append(orders, got)
		if _, err := s.send(ctx, step{route: readRoute, path: got.location, want: http.StatusOK}); err != nil {
			return nil, err
		}
		if i >= 2 {
			continue
		}
		receipt := step{route: receiptRoute, path: got.location + "/receipt", want: http.StatusOK}
		if _, err := s.send(ctx, receipt); err != nil {
			return nil, err
		}
	}
	return orders, nil
}

func (s *shopper) buys() int {
	if s.number == changingBuyer {
		return changingBuys
	}
	return 2 + s.number%3
}

// basket draws one to four products that are in stock.
func (s *shopper) basket() basket {
	b := basket{Currency: "EUR"}
	if s.number%5 == 2 && s.number != changingBuyer {
		b.Currency = "USD"
	}
	if s.number == changingBuyer {
		b.Items = append(b.Items, item{SKU: changing, Qty: 1})
	}
	for _, n := range s.rng.Perm(plentiful)[:1+s.rng.IntN(4)] {
		b.Items = append(b.Items, item{SKU: fmt.Sprintf("sku-%d", 1001+n), Qty: 1 + s.rng.IntN(3)})
	}
	return b
}

// list follows the cursors to the end and expects to see every order once.
func (s *shopper) list(ctx context.Context, orders []answer) error {
	seen := map[string]bool{}
	path := fmt.Sprintf("/orders?limit=%d", pageLimit)
	for path != "" {
		got, err := s.send(ctx, step{route: listRoute, path: path, want: http.StatusOK})
		if err != nil {
			return err
		}
		var page struct {
			Orders     []order `json:"orders"`
			NextCursor string  `json:"next_cursor"`
		}
		if err := json.Unmarshal(got.body, &page); err != nil {
			return fmt.Errorf("%s: reading a page of orders: %w", s.user, err)
		}
		for _, o := range page.Orders {
			seen[o.ID] = true
		}
		path = ""
		if page.NextCursor != "" {
			path = fmt.Sprintf("/orders?limit=%d&cursor=%s", pageLimit, url.QueryEscape(page.NextCursor))
		}
	}
	if len(seen) != len(orders) {
		return fmt.Errorf("%s: the list has %d orders, expected %d", s.user, len(seen), len(orders))
	}
	return nil
}

func (s *shopper) search(ctx context.Context, orders []answer) error {
	query := url.Values{"q": {words[s.rng.IntN(len(words))]}}
	if s.number%2 == 1 {
		query.Set("min_total", fmt.Sprintf("%.2f", orders[0].order.Total))
	}
	got, err := s.send(ctx, step{
		route: searchRoute, path: "/orders/search?" + query.Encode(), want: http.StatusOK,
	})
	if err != nil {
		return err
	}
	var found struct {
		Orders []order `json:"orders"`
		Count  int     `json:"count"`
	}
	if err := json.Unmarshal(got.body, &found); err != nil {
		return fmt.Errorf("%s: reading the search: %w", s.user, err)
	}
	if found.Count != len(found.Orders) {
		return errors.New(s.user + ": the search miscounts its orders")
	}
	return nil
}
