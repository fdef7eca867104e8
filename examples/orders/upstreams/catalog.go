package main

import (
	"fmt"
	"net/http"
	"sync"
)

// usdPercent is the fixed rate of the catalogue: what a euro costs in US cents.
const usdPercent = 110

// priceHolds is how often a product whose price is about to change is still read at the old one.
const priceHolds = 3

// Product is a catalogue entry; prices are in euro cents. NextPrice replaces Price after priceHolds
// reads; 0 means that the price stays.
type Product struct {
	SKU, Name        string
	Price, NextPrice int64
	Stock            int
}

// Catalog is the catalogue API: GET /products/{sku}?currency=EUR. It is safe for concurrent use.
type Catalog struct {
	products map[string]Product

	mu    sync.Mutex
	reads map[string]int
}

// NewCatalog serves the products.
func NewCatalog(products []Product) *Catalog {
	c := &Catalog{products: map[string]Product{}, reads: map[string]int{}}
	for _, p := range products {
		c.products[p.SKU] = p
	}
	return c
}

// Handler routes the requests.
func (c *Catalog) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", health)
	mux.HandleFunc("GET /products/{sku}", c.read)
	return mux
}

type productView struct {
	SKU      string  `json:"sku"`
	Name     string  `json:"name"`
	Price    decimal `json:"price"`
	Currency string  `json:"currency"`
	Stock    int     `json:"stock"`
}

func (c *Catalog) read(w http.ResponseWriter, r *http.Request) {
	p, ok := c.products[r.PathValue("sku")]
	if !ok {
		refuse(w, http.StatusNotFound, "not_found", "no such product")
		return
	}
	view := productView{SKU: p.SKU, Name: p.Name, Currency: r.URL.Query().Get("currency"), Stock: p.Stock}
	price := c.price(p)
	switch view.Currency {
	case "", "EUR":
		view.Currency, view.Price = "EUR", decimal(price)
	case "USD":
		view.Price = decimal((price*usdPercent + 50) / 100)
	default:
		refuse(w, http.StatusUnprocessableEntity, "currency", fmt.Sprintf("no prices in %q", view.Currency))
		return
	}
	respond(w, http.StatusOK, view)
}

func (c *Catalog) price(p Product) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads[p.SKU]++
	if p.NextPrice != 0 && c.reads[p.SKU] > priceHolds {
		return p.NextPrice
	}
	return p.Price
}

// products is the whole range. 1001 to 1024 are plentiful, 1025 to 1027 scarce or sold out, 1028 and
// 1029 dear, and 1030 changes its price.
func products() []Product {
	return []Product{
		{SKU: "sku-1001", Name: "Desk lamp", Price: 2990, Stock: 120},
		{SKU: "sku-1002", Name: "Notebook A5, dotted", Price: 649, Stock: 900},
		{SKU: "sku-1003", Name: "Fountain pen", Price: 3450, Stock: 75},
		{SKU: "sku-1004", Name: "Ink, midnight blue", Price: 1190, Stock: 210},
		{SKU: "sku-1005", Name: "Paper tray", Price: 1575, Stock: 64},
		{SKU: "sku-1006", Name: "Stapler", Price: 1249, Stock: 180},
		{SKU: "sku-1007", Name: "Monitor arm", Price: 8900, Stock: 42},
		{SKU: "sku-1008", Name: "Keyboard, compact", Price: 7495, Stock: 58},
		{SKU: "sku-1009", Name: "Mouse, vertical", Price: 4999, Stock: 61},
		{SKU: "sku-1010", Name: "Desk mat, felt", Price: 2795, Stock: 95},
		{SKU: "sku-1011", Name: "Cable box", Price: 1899, Stock: 130},
		{SKU: "sku-1012", Name: "USB-C cable, 2 m", Price: 1299, Stock: 400},
		{SKU: "sku-1013", Name: "Headset", Price: 11900, Stock: 37},
		{SKU: "sku-1014", Name: "Webcam", Price: 6450, Stock: 44},
		{SKU: "sku-1015", Name: "Whiteboard, 60 x 90", Price: 3999, Stock: 31},
		{SKU: "sku-1016", Name: "Markers, set of 8", Price: 1095, Stock: 260},
		{SKU: "sku-1017", Name: "Pinboard, cork", Price: 2249, Stock: 52},
		{SKU: "sku-1018", Name: "Chair cushion", Price: 3375, Stock: 70},
		{SKU: "sku-1019", Name: "Foot rest", Price: 4425, Stock: 33},
		{SKU: "sku-1020", Name: "Tea, green, 100 g", Price: 895, Stock: 310},
		{SKU: "sku-1021", Name: "Coffee, whole bean", Price: 1650, Stock: 280},
		{SKU: "sku-1022", Name: "Mug, stoneware", Price: 1425, Stock: 150},
		{SKU: "sku-1023", Name: "Bottle, steel", Price: 2150, Stock: 110},
		{SKU: "sku-1024", Name: "Backpack, 20 l", Price: 7990, Stock: 39},
		{SKU: "sku-1025", Name: "Clock, station", Price: 5490, Stock: 1},
		{SKU: "sku-1026", Name: "Globe", Price: 9900, Stock: 0},
		{SKU: "sku-1027", Name: "Typewriter", Price: 24900, Stock: 2},
		{SKU: "sku-1028", Name: "Standing desk", Price: 64900, Stock: 26},
		{SKU: "sku-1029", Name: "Workstation", Price: 189900, Stock: 18},
		{SKU: "sku-1030", Name: "Calendar, this year's", Price: 1990, NextPrice: 1790, Stock: 85},
	}
}
