package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// ErrDeclined is a charge that the payment API refused.
var ErrDeclined = errors.New("the payment was declined")

// Payment is the client of the payment API.
type Payment struct {
	upstream *upstream
}

// Charge is one payment. The idempotency key is fresh for each, so that a retry below the service
// can never charge twice.
type Charge struct {
	Amount         Money  `json:"amount"`
	Currency       string `json:"currency"`
	Customer       string `json:"customer"`
	Reference      string `json:"reference"`
	OrderID        string `json:"order_id"`
	IdempotencyKey string `json:"idempotency_key"`
}

// Refund gives a whole charge back.
type Refund struct {
	ChargeID string `json:"charge_id"`
	Amount   Money  `json:"amount"`
	Reason   string `json:"reason"`
}

type issued struct {
	ID string `json:"id"`
}

// Charge takes the money and returns the id of the charge, or ErrDeclined.
func (p *Payment) Charge(ctx context.Context, c Charge) (string, error) {
	var answer issued
	err := p.upstream.call(ctx, http.MethodPost, "/charges", c, &answer)
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusPaymentRequired {
		return "", ErrDeclined
	}
	if err != nil {
		return "", fmt.Errorf("charging: %w", err)
	}
	return answer.ID, nil
}

// Refund gives the money back and returns the id of the refund.
func (p *Payment) Refund(ctx context.Context, r Refund) (string, error) {
	var answer issued
	if err := p.upstream.call(ctx, http.MethodPost, "/refunds", r, &answer); err != nil {
		return "", fmt.Errorf("refunding: %w", err)
	}
	return answer.ID, nil
}
