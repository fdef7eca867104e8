package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// ErrUnknownProduct is a stock keeping unit that the catalogue does not have.
var ErrUnknownProduct = errors.New("unknown product")

// Catalog is the client of the catalogue API.
type Catalog struct {
	upstream *upstream
}

// Product is a catalogue entry, priced in the currency that was asked for.
type Product struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Price Money  `json:"price"`
	Stock int    `json:"stock"`
}

// Product looks one product up; ErrUnknownProduct where there is none.
func (c *Catalog) Product(ctx context.Context, sku, currency string) (Product, error) {
	target := "/products/" + url.PathEscape(sku) + "?currency=" + url.QueryEscape(currency)
	var p Product
	err := c.upstream.call(ctx, http.MethodGet, target, nil, &p)
	var status *StatusError
	if errors.As(err, &status) && status.Status == http.StatusNotFound {
		return Product{}, ErrUnknownProduct
	}
	if err != nil {
		return Product{}, fmt.Errorf("looking up %s: %w", sku, err)
	}
	return p, nil
}
