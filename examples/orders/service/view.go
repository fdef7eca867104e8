package main

import (
	"fmt"
	"strings"
	"time"
)

// orderView is the JSON form of an order.
type orderView struct {
	ID        string     `json:"id"`
	Status    Status     `json:"status"`
	Customer  string     `json:"customer"`
	Items     []itemView `json:"items"`
	Total     Money      `json:"total"`
	Currency  string     `json:"currency,omitempty"`
	PaymentID string     `json:"payment_id"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt time.Time  `json:"updated_at"`
	Version   int        `json:"version"`
}

// itemView is the JSON form of a line. Qty is a number; only a planted fault makes it anything else.
type itemView struct {
	SKU       string `json:"sku"`
	Name      string `json:"name"`
	Qty       any    `json:"qty"`
	UnitPrice Money  `json:"unit_price"`
	LineTotal Money  `json:"line_total"`
}

type listResponse struct {
	Orders     []orderView `json:"orders"`
	NextCursor string      `json:"next_cursor,omitempty"`
}

type searchResponse struct {
	Orders []orderView `json:"orders"`
	Count  int         `json:"count"`
}

func (a *API) view(o Order) orderView {
	v := orderView{
		ID: o.ID, Status: o.Status, Customer: o.Customer, Total: a.faults.shownTotal(o), Currency: o.Currency,
		PaymentID: o.PaymentID, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Version: o.Version,
	}
	for _, l := range o.Lines {
		v.Items = append(v.Items, itemView{
			SKU: l.SKU, Name: l.Name, Qty: a.faults.quantity(l.Qty), UnitPrice: l.UnitPrice, LineTotal: l.Total(),
		})
	}
	return v
}

// views never returns nil, so that an empty list is [] and not null.
func (a *API) views(orders []Order) []orderView {
	views := make([]orderView, 0, len(orders))
	for _, o := range orders {
		views = append(views, a.view(o))
	}
	return views
}

// receiptText is the order for printing. It carries the customer's own number of the order.
func receiptText(o Order) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Receipt %s\nCustomer: %s\nPayment:  %s\n\n", o.Reference, o.Customer, o.PaymentID)
	for _, l := range o.Lines {
		fmt.Fprintf(&b, "%3d x %-24s %10s %10s\n", l.Qty, l.Name, l.UnitPrice, l.Total())
	}
	fmt.Fprintf(&b, "\nTotal: %s %s\n", o.Total, o.Currency)
	if o.Status == Cancelled {
		fmt.Fprintf(&b, "Refunded: %s %s\n", o.Total, o.Currency)
	}
	return b.String()
}
