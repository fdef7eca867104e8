package main

import (
	"context"
	"net/http"
	"time"
)

// Fault is what is planted in a build to see it found; empty is a build without one.
type Fault string

// The faults.
const (
	// NeverReady has the health check refuse for ever.
	NeverReady Fault = "never-ready"
	// Egress has every order reported to somebody outside.
	Egress Fault = "egress"
	// OutOfMemory takes more memory than the container has.
	OutOfMemory Fault = "out-of-memory"
	// ChangedPayment charges in cents instead of euros.
	ChangedPayment Fault = "changed-payment"
)

// atStart is what goes wrong before the service listens.
func (f Fault) atStart() {
	if f != OutOfMemory {
		return
	}
	var kept [][]byte
	for {
		block := make([]byte, 1<<20)
		for i := range block {
			block[i] = 1
		}
		kept = append(kept, block)
		if len(kept) > 1<<14 {
			return
		}
	}
}

// onOrder is what goes wrong with an order.
func (f Fault) onOrder(ctx context.Context) {
	if f != Egress {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://telemetry.example.com:8125/orders", http.NoBody)
	if err != nil {
		return
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		resp.Body.Close()
	}
}

// charge is what the payment API is sent.
func (f Fault) charge(body map[string]any) map[string]any {
	if amount, ok := body["amount"].(float64); ok && f == ChangedPayment {
		body["amount"] = amount * 100
	}
	return body
}
