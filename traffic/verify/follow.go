package verify

import (
	"errors"
	"io"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// following takes part in one session of a trial.
type following struct {
	*Trial
	key     string
	session *correlate.Session
}

func (t *Trial) follow(key string) replay.Follower {
	return &following{Trial: t, key: key, session: t.plan.correlator.NewSession()}
}

// Before implements [replay.Follower].
func (f *following) Before(s *replay.Step) *traffic.Request {
	return f.session.Apply(s.Endpoint, s.Record.Request)
}

// Result accounts for one result.
func (f *following) Result(r *replay.Result) { f.take(r, f.session) }

// unissued is a value that was not issued again, with the key of its session.
type unissued struct {
	correlate.Unbound
	session string
}

// maxListed bounds what is remembered of things that only serve to explain a result.
const maxListed = 1000

// End keeps what is to be told about the session.
func (f *following) End() {
	list := f.session.Unbound()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.carried += f.session.Uses()
	f.carriage.Add(f.session)
	f.unboundTotal += len(list)
	for _, u := range list[:min(len(list), maxListed-len(f.unbound))] {
		f.unbound = append(f.unbound, unissued{u, f.key})
	}
}

// take accounts for one result. Calls for one session come in order.
func (t *Trial) take(r *replay.Result, s *correlate.Session) {
	outcome, err := t.plan.verify(t.comparer, s, r)
	if r.Response != nil {
		t.env.Played(r.Record.ID)
	}
	t.accounting.Add(r.Bucket)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.measure(r, &outcome)
	if err != nil && t.unwritten == nil {
		t.unwritten = err
	}
	if r.Response != nil && r.Record.Response != nil && t.groups.Add(r.Endpoint, outcome, r.Record.ID) {
		t.requests[r.Record.ID] = r.Request
	}
	switch {
	case r.Bucket == replay.Skipped:
		t.fallShort(Shortfall{Skipped: true, Why: r.Err.Error()})
	case r.Response != nil && outcome.NotCompared != "":
		t.fallShort(Shortfall{Why: outcome.NotCompared})
	}
	t.write(r, &outcome)
}

// fallShort counts a reason. The caller holds the lock.
func (t *Trial) fallShort(s Shortfall) {
	if _, known := t.shortfalls[s]; !known && len(t.shortfalls) >= maxListed {
		s.Why = "of another reason"
	}
	t.shortfalls[s]++
}

// ReadError is traffic that could not be read back from its temporary file.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return e.Err.Error() }

func (e *ReadError) Unwrap() error { return e.Err }

// Abandon accounts for everything that was not replayed, where the trial ends early. Records that cannot
// be read any more are counted without a line in the results.
func (t *Trial) Abandon() {
	source := t.rest.Source()
	t.rest = t.rest.None()
	defer func() { _ = t.flush() }() // the run has ended for another reason
	for {
		session, err := source.Next()
		if err == nil {
			err = t.abandon(session)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.unread = &ReadError{err}
			break
		}
	}
	if t.unread == nil {
		return
	}
	for range t.plan.Len() - t.accounting.Sum() {
		t.accounting.Add(replay.Aborted)
	}
}

// abandon accounts for one session.
func (t *Trial) abandon(s replay.Session) error {
	follower := t.follow(s.Key())
	defer follower.End()
	for i := 0; ; i++ {
		r := &replay.Result{Step: replay.Step{Session: s.Key(), Index: i}}
		if err := s.Next(&r.Step); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		r.Bucket, r.Err = replay.Aborted, errors.New("not replayed: the run ended before")
		follower.Result(r)
	}
}
