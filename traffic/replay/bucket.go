package replay

import (
	"fmt"
	"slices"
	"sync"
)

// Bucket is where a recorded request ends; every one ends in exactly one.
type Bucket string

// The buckets.
const (
	// Matched is an answer without a difference that counts.
	Matched Bucket = "matched"
	// Differed is an answer of the recorded status whose headers or body differ.
	Differed Bucket = "differed"
	// StatusDiffered is an answer of another status than recorded.
	StatusDiffered Bucket = "status_differed"
	// TransportError is no answer: refused, reset, cut short, not HTTP.
	TransportError Bucket = "transport_error"
	// TimedOut is no complete answer within the request's timeout.
	TimedOut Bucket = "timed_out"
	// Shed is a request given up because the replay could not keep up.
	Shed Bucket = "shed"
	// Aborted is a request unsent or unanswered when the replay was stopped.
	Aborted Bucket = "aborted"
	// Skipped is a record that cannot be replayed, such as a CONNECT.
	Skipped Bucket = "skipped"

	// Answered is not an end yet: there is an answer to be compared.
	Answered Bucket = ""
)

// Buckets lists the ends in the order they are reported in.
func Buckets() []Bucket {
	return []Bucket{Matched, Differed, StatusDiffered, TransportError, TimedOut, Shed, Aborted, Skipped}
}

// Accounting counts how recorded requests ended. Its zero value is ready; it may be used from many
// goroutines.
type Accounting struct {
	mu     sync.Mutex
	counts map[Bucket]int
}

// Add counts one request.
func (a *Accounting) Add(b Bucket) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.counts == nil {
		a.counts = make(map[Bucket]int)
	}
	a.counts[b]++
}

// Count is the number of requests in one bucket.
func (a *Accounting) Count(b Bucket) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counts[b]
}

// Counts is a copy that has every bucket, empty ones too.
func (a *Accounting) Counts() map[Bucket]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make(map[Bucket]int, len(Buckets()))
	for _, b := range Buckets() {
		out[b] = a.counts[b]
	}
	return out
}

// Sum is the number of requests in all buckets.
func (a *Accounting) Sum() int {
	sum := 0
	for _, n := range a.Counts() {
		sum += n
	}
	return sum
}

// Check returns an error unless every planned request ended in exactly one bucket. Such an error is
// a fault of the program, never of the traffic or the service.
func (a *Accounting) Check(planned int) error {
	a.mu.Lock()
	for b, n := range a.counts {
		if !slices.Contains(Buckets(), b) {
			a.mu.Unlock()
			return fmt.Errorf("accounting: %d requests ended in %q, which is no bucket", n, b)
		}
	}
	a.mu.Unlock()
	if sum := a.Sum(); sum != planned {
		return fmt.Errorf("accounting: %d requests planned, %d accounted for", planned, sum)
	}
	return nil
}
