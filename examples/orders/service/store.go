package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrNotFound is an order that the session does not have.
var ErrNotFound = errors.New("no such order")

const sessionLifetime = 12 * time.Hour

// Status is the state of an order.
type Status string

// The states of an order.
const (
	Paid      Status = "paid"
	Cancelled Status = "cancelled"
)

// Order is a paid order. Reference is its number within its session, as the payment API knows it.
type Order struct {
	ID, Reference, Customer, Currency, PaymentID string
	Status                                       Status
	Lines                                        []Line
	Total                                        Money
	CreatedAt, UpdatedAt                         time.Time
	Version                                      int
}

// ETag is the entity tag of the order's version.
func (o Order) ETag() string { return fmt.Sprintf(`"v%d"`, o.Version) }

// Line is one product of an order.
type Line struct {
	SKU, Name string
	Qty       int
	UnitPrice Money
}

// Total is the price of the whole line.
func (l Line) Total() Money { return l.UnitPrice * Money(l.Qty) }

// Store keeps the sessions in memory. It is safe for concurrent use.
type Store struct {
	mu       sync.RWMutex
	sessions map[string]*Session
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{sessions: map[string]*Session{}} }

// Open starts a session and returns its bearer token.
func (s *Store) Open(customer string, now time.Time) (string, *Session) {
	token := newToken()
	session := &Session{Customer: customer, Expires: now.Add(sessionLifetime)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[token] = session
	return token, session
}

// Session finds the session of a token; false where there is none or it has expired.
func (s *Store) Session(token string, now time.Time) (*Session, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	session, ok := s.sessions[token]
	return session, ok && now.Before(session.Expires)
}

// Session is one login and the orders made in it; no session sees another's. It is safe for
// concurrent use.
type Session struct {
	Customer string
	Expires  time.Time

	mu      sync.Mutex
	orders  []Order // oldest first
	charges int
}

// NextReference numbers the payments of the session: "ada/1", "ada/2".
func (s *Session) NextReference() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.charges++
	return fmt.Sprintf("%s/%d", s.Customer, s.charges)
}

// Add keeps a new order.
func (s *Session) Add(o Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, o)
}

// Get returns an order, or ErrNotFound.
func (s *Session) Get(id string) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(id); i >= 0 {
		return s.orders[i], nil
	}
	return Order{}, ErrNotFound
}

// Update lets change alter an order and keeps the result where change returns no error. The session
// is locked meanwhile, so that an order cannot be cancelled twice at the same time.
func (s *Session) Update(id string, change func(*Order) error) (Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(id)
	if i < 0 {
		return Order{}, ErrNotFound
	}
	o := s.orders[i]
	if err := change(&o); err != nil {
		return o, err
	}
	s.orders[i] = o
	return o, nil
}

// List returns up to limit orders, newest first, that come behind the order after (from the start
// where it is empty), and whether there are more. An unknown after is ErrNotFound.
func (s *Session) List(after string, status Status, limit int) ([]Order, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := len(s.orders)
	if after != "" {
		if from = s.index(after); from < 0 {
			return nil, false, ErrNotFound
		}
	}
	var page []Order
	for i := from - 1; i >= 0; i-- {
		if status != "" && s.orders[i].Status != status {
			continue
		}
		if len(page) == limit {
			return page, true, nil
		}
		page = append(page, s.orders[i])
	}
	return page, false, nil
}

// Search returns the orders of at least minTotal with a product whose name or SKU contains text
// (letter case does not count), the dearest first, then the oldest.
func (s *Session) Search(text string, minTotal Money) []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = strings.ToLower(text)
	var found []Order
	for _, o := range s.orders {
		if o.Total >= minTotal && slices.ContainsFunc(o.Lines, func(l Line) bool {
			return strings.Contains(strings.ToLower(l.Name+" "+l.SKU), text)
		}) {
			found = append(found, o)
		}
	}
	slices.SortStableFunc(found, func(a, b Order) int { return cmp.Compare(b.Total, a.Total) })
	return found
}

func (s *Session) index(id string) int {
	return slices.IndexFunc(s.orders, func(o Order) bool { return o.ID == id })
}
