package main

import (
	"context"
	"net/http"
	"strings"
)

const base32 = "abcdefghijklmnopqrstuvwxyz234567"

// agents and words never change; they are what customers come with and look for.
//
//nolint:gochecknoglobals // constant tables
var (
	agents = []string{
		"shop-ios/5.2.1", "shop-android/5.1.0", "Mozilla/5.0 (X11; Linux x86_64) shop-web/88", "shop-cli/0.9",
	}
	words = []string{"desk", "sku-10", "ink", "paper", "usb-c", "e", "stone", "nothing like it"}
)

// stray asks for an order that the shopper does not have.
func (s *shopper) stray(ctx context.Context, _ []answer) error {
	if s.number%4 != 0 {
		return nil
	}
	var id strings.Builder
	id.WriteString("ord_250131")
	for range 10 {
		id.WriteByte(base32[s.rng.IntN(len(base32))])
	}
	_, err := s.send(ctx, step{route: readRoute, path: "/orders/" + id.String(), want: http.StatusNotFound})
	return err
}

// mistake is an order that cannot be made: a different one from shopper to shopper.
func (s *shopper) mistake(ctx context.Context, _ []answer) error {
	st := step{route: createRoute, path: "/orders"}
	switch s.number % 6 {
	case 0:
		st.body, st.want = basket{Items: []item{{"sku-1003", 0}}, Currency: "EUR"}, http.StatusUnprocessableEntity
	case 1:
		st.body = basket{Items: []item{{"sku-1004", 1}, {unknown, 2}}, Currency: "EUR"}
		st.want = http.StatusUnprocessableEntity
	case 2:
		st.body, st.want = basket{Items: []item{{soldOut, 1}}, Currency: "EUR"}, http.StatusConflict
	case 3:
		st.body, st.want = basket{Items: []item{{dear, 3}}, Currency: "EUR"}, http.StatusPaymentRequired
	case 4:
		st.body, st.want = basket{Currency: "CHF"}, http.StatusUnprocessableEntity
	default:
		return nil
	}
	_, err := s.send(ctx, st)
	return err
}

// change cancels: some twice, some first with the entity tag of another version.
func (s *shopper) change(ctx context.Context, orders []answer) error {
	first, last := orders[0], orders[len(orders)-1]
	var steps []step
	switch s.number % 3 {
	case 0:
		steps = []step{
			cancelling(first, "", http.StatusOK),
			cancelling(first, "", http.StatusConflict),
		}
	case 1:
		steps = []step{
			cancelling(last, staleETag, http.StatusPreconditionFailed),
			cancelling(last, last.etag, http.StatusOK),
			{route: listRoute, path: "/orders?limit=2&status=cancelled", want: http.StatusOK},
		}
	default:
		steps = []step{
			cancelling(last, last.etag, http.StatusOK),
			{route: readRoute, path: last.location, want: http.StatusOK},
			{route: receiptRoute, path: last.location + "/receipt", want: http.StatusOK},
		}
	}
	for _, st := range steps {
		if _, err := s.send(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

func cancelling(a answer, ifMatch string, want int) step {
	return step{route: cancelRoute, path: a.location + "/cancel", ifMatch: ifMatch, want: want}
}
