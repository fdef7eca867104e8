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
	Step
	// Request is what was sent, after Follower.Before and with run-time values filled in; nil where
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
	// Due has the session's Queued in it, and keeps to the rate ceiling.
	Due, Sent time.Duration
	// Queued is how long the session as a whole had to wait for its turn.
	Queued time.Duration
	// Lateness is Sent - Due: the request before it took longer than recorded, or this machine held it
	// up.
	Lateness time.Duration
	// Latency is the time from just before sending to the last byte of the body, or to the error.
	Latency time.Duration
	// SentAt is the wall-clock time of Sent; zero where nothing was sent.
	SentAt time.Time
}

// Follower takes part in one session. Its calls come one after another: Before for a request, then
// Result for it, then Before for the next; End at last. Different sessions have different followers,
// which are called at the same time.
type Follower interface {
	// Before may replace a request before it is sent: it returns the recorded one, which it must not
	// change, or another.
	Before(*Step) *traffic.Request
	// Result takes the outcome, exactly once for every record of the session.
	Result(*Result)
	// End comes after the last Result.
	End()
}

// Hooks is a [Follower] of all sessions, made of functions; each may be nil.
type Hooks struct {
	OnBefore func(*Step) *traffic.Request
	OnResult func(*Result)
}

// Before implements [Follower].
func (h Hooks) Before(s *Step) *traffic.Request {
	if h.OnBefore == nil {
		return s.Record.Request
	}
	return h.OnBefore(s)
}

// Result implements [Follower].
func (h Hooks) Result(r *Result) {
	if h.OnResult != nil {
		h.OnResult(r)
	}
}

// End implements [Follower].
func (h Hooks) End() {}

// Follow gives every session the same follower.
func (h Hooks) Follow(string) Follower { return h }
