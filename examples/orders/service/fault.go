package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fault names the one planted fault of this build; empty for the sound service. It is set with
// go build -ldflags "-X main.fault=NAME".
var fault = "" //nolint:gochecknoglobals // the linker can only set a package variable

// Regressions: each breaks the service in one way.
const (
	changedField   = "changed-field"   // total is one cent off in orders of three and more items
	droppedField   = "dropped-field"   // reading an order leaves currency out
	wrongType      = "wrong-type"      // qty is a string
	wrongStatus    = "wrong-status"    // cancelling twice answers 200
	droppedCall    = "dropped-call"    // cancelling gives no money back
	changedPayload = "changed-payload" // one cent too little is charged
	listOrder      = "list-order"      // each page of the list is the other way round
	slowEndpoint   = "slow-endpoint"   // receipts take 300 ms
	sporadic500    = "sporadic-500"    // every 25th read of an order answers 500
	logErrors      = "log-errors"      // every order logs an error
	memoryGrowth   = "memory-growth"   // every request leaks 1 MiB
)

// Harmless changes: a gate that stops these is too strict.
const (
	reorderedKeys = "reordered-keys" // JSON keys in another order
	whiteSpace    = "white-space"    // indented JSON
	newLogLine    = "new-log-line"   // one more line per request, not an error
	faster        = "faster"         // receipts do not pause
)

const (
	receiptPause = 2 * time.Millisecond
	receiptDelay = 300 * time.Millisecond
	failingRead  = 25
	leakSize     = 1 << 20
	manyLines    = 3
	pageSize     = 4 << 10
)

func faultNames() []string {
	return []string{
		changedField, droppedField, wrongType, wrongStatus, droppedCall, changedPayload, listOrder, slowEndpoint,
		sporadic500, logErrors, memoryGrowth, reorderedKeys, whiteSpace, newLogLine, faster,
	}
}

// Fault holds the places where a fault can be planted. Without a name every method does what the
// sound service does. It is safe for concurrent use.
type Fault struct {
	name string

	mu     sync.Mutex
	reads  int
	leaked [][]byte
}

// parseFault refuses a name that no fault has.
func parseFault(name string) (*Fault, error) {
	if name != "" && !slices.Contains(faultNames(), name) {
		return nil, fmt.Errorf("unknown fault %q: build with one of %s", name, strings.Join(faultNames(), ", "))
	}
	return &Fault{name: name}, nil
}

func (f *Fault) is(name string) bool { return f.name == name }

// arrived runs at the start of each request.
func (f *Fault) arrived(log *slog.Logger, r *http.Request) {
	if f.is(newLogLine) {
		log.Info("request received", "method", r.Method, "agent", r.UserAgent())
	}
	if !f.is(memoryGrowth) {
		return
	}
	block := make([]byte, leakSize)
	for i := 0; i < len(block); i += pageSize {
		block[i] = 1 // an untouched page would not be resident
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leaked = append(f.leaked, block)
}

// created runs when an order has been kept.
func (f *Fault) created(log *slog.Logger, o Order) {
	if f.is(logErrors) {
		log.Error("could not publish the order event", "order", o.ID)
	}
}

func (f *Fault) shownTotal(o Order) Money {
	if f.is(changedField) && len(o.Lines) >= manyLines {
		return o.Total - 1
	}
	return o.Total
}

func (f *Fault) readCurrency(currency string) string {
	if f.is(droppedField) {
		return ""
	}
	return currency
}

func (f *Fault) quantity(n int) any {
	if f.is(wrongType) {
		return strconv.Itoa(n)
	}
	return n
}

// cancelledTwice returns the error for an order that is cancelled already.
func (f *Fault) cancelledTwice(refusal error) error {
	if f.is(wrongStatus) {
		return nil
	}
	return refusal
}

func (f *Fault) dropsRefund() bool { return f.is(droppedCall) }

// amount is what the payment API is told.
func (f *Fault) amount(total Money) Money {
	if f.is(changedPayload) {
		return total - 1
	}
	return total
}

func (f *Fault) arrange(page []Order) []Order {
	if f.is(listOrder) {
		slices.Reverse(page)
	}
	return page
}

// typeset takes the time that a receipt takes.
func (f *Fault) typeset(ctx context.Context) {
	pause := receiptPause
	switch {
	case f.is(faster):
		return
	case f.is(slowEndpoint):
		pause = receiptDelay
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
}

func (f *Fault) failsRead() bool {
	if !f.is(sporadic500) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return f.reads%failingRead == 0
}

// encode writes a response body.
func (f *Fault) encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding the response: %w", err)
	}
	switch {
	case f.is(whiteSpace):
		var b bytes.Buffer
		err = json.Indent(&b, body, "", "    ")
		return b.Bytes(), err
	case f.is(reorderedKeys):
		return sortedKeys(body)
	}
	return body, nil
}

// sortedKeys puts the keys of every object into alphabetical order, which is not the order of the
// views, and keeps numbers as they were written.
func sortedKeys(body []byte) ([]byte, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("reordering keys: %w", err)
	}
	return json.Marshal(v)
}
