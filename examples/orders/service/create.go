package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	maxLines = 20
	maxQty   = 100
)

type createRequest struct {
	Items    []createItem `json:"items"`
	Currency string       `json:"currency"`
}

type createItem struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

// validate checks what can be checked without asking anyone, and reports everything at once.
func (c createRequest) validate() error {
	var fields []FieldError
	if !slices.Contains([]string{"EUR", "USD"}, c.Currency) {
		fields = append(fields, FieldError{"currency", "must be EUR or USD"})
	}
	if len(c.Items) < 1 || len(c.Items) > maxLines {
		fields = append(fields, FieldError{"items", fmt.Sprintf("must have 1 to %d entries", maxLines)})
	}
	seen := map[string]bool{}
	for i, item := range c.Items {
		switch {
		case strings.TrimSpace(item.SKU) == "":
			fields = append(fields, FieldError{itemField(i, "sku"), "is required"})
		case seen[item.SKU]:
			fields = append(fields, FieldError{itemField(i, "sku"), "stands twice: add the quantities"})
		}
		seen[item.SKU] = true
		if item.Qty < 1 || item.Qty > maxQty {
			fields = append(fields, FieldError{itemField(i, "qty"), fmt.Sprintf("must be 1 to %d", maxQty)})
		}
	}
	if len(fields) > 0 {
		return invalid(fields...)
	}
	return nil
}

func itemField(i int, name string) string { return fmt.Sprintf("items[%d].%s", i, name) }

// create prices the order, charges for it and keeps it.
func (a *API) create(w http.ResponseWriter, r *http.Request, s *Session) error {
	var in createRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := in.validate(); err != nil {
		return err
	}
	lines, err := a.price(r.Context(), in)
	if err != nil {
		return err
	}
	o := a.newOrder(s, in.Currency, lines)
	if o.PaymentID, err = a.payment.Charge(r.Context(), a.charge(o)); err != nil {
		return err
	}
	s.Add(o)
	a.log.Info("order created", "order", o.ID, "total", o.Total.String(), "payment", o.PaymentID)
	a.faults.created(a.log, o)
	w.Header().Set("Location", "/orders/"+o.ID)
	w.Header().Set("ETag", o.ETag())
	return a.respond(w, http.StatusCreated, a.view(o))
}

// price looks every item up, in order. Unknown products are reported together and before any that
// are out of stock.
func (a *API) price(ctx context.Context, in createRequest) ([]Line, error) {
	var unknown []FieldError
	var scarce []string
	lines := make([]Line, 0, len(in.Items))
	for i, item := range in.Items {
		p, err := a.catalog.Product(ctx, item.SKU, in.Currency)
		switch {
		case errors.Is(err, ErrUnknownProduct):
			unknown = append(unknown, FieldError{itemField(i, "sku"), "is not in the catalogue"})
			continue
		case err != nil:
			return nil, err
		case p.Stock < item.Qty:
			scarce = append(scarce, fmt.Sprintf("%s (%d left)", item.SKU, p.Stock))
		}
		lines = append(lines, Line{SKU: item.SKU, Name: p.Name, Qty: item.Qty, UnitPrice: p.Price})
	}
	if len(unknown) > 0 {
		return nil, invalid(unknown...)
	}
	if len(scarce) > 0 {
		return nil, conflict("out_of_stock", "not enough in stock: "+strings.Join(scarce, ", "))
	}
	return lines, nil
}

func (a *API) newOrder(s *Session, currency string, lines []Line) Order {
	now := a.now().UTC()
	o := Order{
		ID: newOrderID(now), Reference: s.NextReference(), Customer: s.Customer, Currency: currency,
		Status: Paid, Lines: lines, CreatedAt: now, UpdatedAt: now, Version: 1,
	}
	for _, l := range lines {
		o.Total += l.Total()
	}
	return o
}

func (a *API) charge(o Order) Charge {
	return Charge{
		Amount:         a.faults.amount(o.Total),
		Currency:       o.Currency,
		Customer:       o.Customer,
		Reference:      o.Reference,
		OrderID:        o.ID,
		IdempotencyKey: newUUID(),
	}
}
