// Package mocks turns captured outbound traffic into stubs and holds the contracts for what serves
// them. Stubs are written in WireMock's mapping language, so that either engine can serve them.
package mocks

import (
	"context"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Plan is everything a provider needs to serve one mock.
type Plan struct {
	// Name is the mock's name in the run file.
	Name  string
	Stubs []*Stub
	// Port to listen on; 0 takes a free one.
	Port int
	// Miss is what an unmatched request is answered with.
	Miss Miss
}

// Miss says how an unmatched request is answered. The answer always carries the header
// X-Headgate-Miss.
type Miss struct {
	Status int // HTTP status, 599 by default
}

// Provider starts mock servers of one kind.
type Provider interface {
	// Start serves the plan and returns when requests are answered. On error nothing is left running.
	Start(ctx context.Context, p *Plan) (Server, error)
}

// Server is a running mock.
type Server interface {
	// URL is the base address as a client of this machine reaches it, without a trailing slash.
	URL() string
	// Journal is a consistent copy of the counters and samples since the last Rewind.
	Journal() Journal
	// Rewind puts every scenario back to its start and clears the journal: once per attempt.
	Rewind(ctx context.Context) error
	// Close stops serving. It is safe to call twice.
	Close() error
}

// Counter is a Server that tells its counts without copying the journal, for those who watch it live.
type Counter interface {
	Counts() (requests, unmatched int64)
}

// Mortal is a Server that may end, or lose count, by itself: what it tells afterwards cannot be relied on.
type Mortal interface {
	// Failed is closed then; Failure says why, and is nil before.
	Failed() <-chan struct{}
	Failure() error
}

// Insider is a Server that the containers of a run reach under an address of their own.
type Insider interface {
	// Inside is the base address as a client on the network of the run reaches it.
	Inside() string
}

// Journal tells what a mock has served. Counters are exact; samples are bounded.
type Journal struct {
	Requests, Matched, Unmatched int64
	// Hits counts the answers of each stub by its ID.
	Hits map[string]int64
	// Latencies are the server's own service times of matched requests, bounded to the newest 10,000.
	Latencies []time.Duration
	// Misses are the distinct unmatched requests, first seen first, bounded to 100.
	Misses []MissReport
}

// MissReport is one distinct unmatched request and what came closest.
type MissReport struct {
	Request *traffic.Request
	// Time is when it was first seen; Count how often.
	Time  time.Time
	Count int64
	// Nearest holds up to three stubs, the closest first.
	Nearest []Near
	// Candidate is a ready-made stub for the request, with a placeholder response, for review.
	Candidate *Stub
}

// Near is a stub that almost matched.
type Near struct {
	Stub *Stub
	// Distance is 0 for a match and 1 for nothing in common.
	Distance float64
	// Differences name what differed, in the path grammar of match.ignore.
	Differences []Difference
}

// Difference is one reason why a stub did not match.
type Difference struct {
	// Where is "method", "path", "path.NAME" (a template's parameter), "query" (its spelling),
	// "query.NAME", "header.NAME", "cookie.NAME", "host", "port", "scheme", "clientIp", "form.NAME", "part",
	// "scenario.NAME", "body", an XPath into an XML body such as /order/@id, or an RFC 9535 normalised
	// path into a JSON body such as $['amount'], shown as $.amount.
	Where            string
	Expected, Actual string
}
