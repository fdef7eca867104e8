package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Order is one order; its amount is in cents.
type Order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
	Amount   int64  `json:"amount"`
	Status   string `json:"status"`
}

// ErrNotFound is an order that the store does not have.
var ErrNotFound = errors.New("no such order")

// Store keeps orders in Postgres.
type Store struct{ pool *pgxpool.Pool }

// OpenStore connects to the database.
func OpenStore(ctx context.Context, url string) (*Store, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return &Store{pool: pool}, nil
}

// Close ends all connections.
func (s *Store) Close() { s.pool.Close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.pool.Ping(ctx) }

// Add stores an order.
func (s *Store) Add(ctx context.Context, o Order) error {
	_, err := s.pool.Exec(ctx,
		`insert into orders (id, customer, sku, quantity, amount, status) values ($1, $2, $3, $4, $5, $6)`,
		o.ID, o.Customer, o.SKU, o.Quantity, o.Amount, o.Status)
	return err
}

// Get finds an order by its id, ErrNotFound where there is none.
func (s *Store) Get(ctx context.Context, id string) (Order, error) {
	rows, err := s.pool.Query(ctx,
		`select id, customer, sku, quantity, amount, status from orders where id = $1`, id)
	if err != nil {
		return Order{}, err
	}
	o, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[Order])
	if errors.Is(err, pgx.ErrNoRows) {
		return Order{}, ErrNotFound
	}
	return o, err
}

// List finds the orders of a customer, the oldest first.
func (s *Store) List(ctx context.Context, customer string) ([]Order, error) {
	rows, err := s.pool.Query(ctx,
		`select id, customer, sku, quantity, amount, status from orders where customer = $1 order by placed, id`, customer)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Order])
}
