// Package replay sends sessions of recorded traffic on schedule and tells what came back.
package replay

import (
	"context"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Sender sends one request and returns the answer, its body decoded and complete. An answer of any
// status is no error; see [Classify] for what errors mean. It is called from many goroutines.
type Sender interface {
	Send(ctx context.Context, r *traffic.Request) (*traffic.Response, error)
}

// Result is what became of one recorded request.
type Result struct {
	Record *traffic.Record
	// Session is the key of the record's session, Index the record's place in it from 0.
	Session string
	Index   int
	// Endpoint is the recorded request's [traffic.Endpoint].
	Endpoint string
	// Request is what was sent, after Hooks.Before and with run-time values filled in; nil where
	// nothing was sent.
	Request *traffic.Request
	// Response is the answer, or nil; exactly one of Response and Err is set.
	Response *traffic.Response
	// Err says why there is no answer.
	Err error
	// Bucket is TransportError, TimedOut, Aborted or Skipped where there is no answer. It is Answered
	// where there is one: whoever compares it decides for Matched, Differed or StatusDiffered.
	Bucket Bucket

	// Due is when the request was to be sent, Sent when it was, both from the start of the replay.
	// Due has the session's Queued in it.
	Due, Sent time.Duration
	// Queued is how long the session as a whole had to wait for its turn.
	Queued time.Duration
	// Lateness is Sent - Due: the request before it took longer than recorded, or the rate ceiling or
	// this machine held it up.
	Lateness time.Duration
	// Latency is the time from just before sending to the last byte of the body, or to the error.
	Latency time.Duration
	// SentAt is the wall-clock time of Sent; zero where nothing was sent.
	SentAt time.Time
}

// Hooks are called by the player. Within a session the calls come one after another: Before for a
// request, then Result for it, then Before for the next. Different sessions call at the same time.
type Hooks struct {
	// Before may replace a request before it is sent: it gets the recorded one, which it must not
	// change, and returns what to send. Nil sends the recorded request.
	Before func(session string, index int, r *traffic.Request) *traffic.Request
	// Result takes the outcome, exactly once for every record of the set.
	Result func(*Result)
}
