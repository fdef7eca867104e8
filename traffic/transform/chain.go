package transform

import (
	"fmt"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// Chain is the compiled transforms of a run file, in their order. The zero value changes nothing. Except for
// Redacted it is for one goroutine at a time.
type Chain struct {
	steps   []*step
	redacts []*step
	clock   *clock
	seen    int
	queries int
	work    exchange
}

// clock is what the steps of a chain know of the time.
type clock struct {
	now   time.Time
	shift time.Duration // from the beginning of the capture to now, in whole seconds
	begun bool
}

// step is one transform of the run file and how often its parts have fired.
type step struct {
	operation

	where  filter
	unused bool
	parts  []part
	counts []int
}

// operation is what a transform does.
type operation interface {
	// apply changes the exchange and adds to the counts, which are in the order of the parts.
	apply(x *exchange, counts []int) error
}

// part is a piece of a transform that is counted by itself.
type part struct {
	name string // as it reads in the run file, without anything secret
	at   spec.Pos
}

// Options say where a chain is used.
type Options struct {
	// Resolve makes a path of the run file absolute.
	Resolve func(string) string
	// Now is the time that capture_to_now shifts to.
	Now time.Time
}

// Empty tells whether the chain changes nothing.
func (c *Chain) Empty() bool { return c == nil || len(c.steps) == 0 }

// Begin says when the capture began. Only the first call counts.
func (c *Chain) Begin(capture time.Time) {
	if c.Empty() || c.clock.begun {
		return
	}
	c.clock.begun = true
	c.clock.shift = c.clock.now.Sub(capture).Round(time.Second)
}

// Timed tells whether something depends on when the capture began, so that Begin must come first.
func (c *Chain) Timed() bool {
	if c.Empty() {
		return false
	}
	for _, s := range c.steps {
		switch op := s.operation.(type) {
		case *timeStep:
			if op.toNow {
				return true
			}
		case *jwtStep:
			if op.shifts {
				return true
			}
		}
	}
	return false
}

// Apply changes the record. Its messages are changed in place, but neither headers nor bodies are written
// to: those that change are replaced, as records may share them. What is no HTTP is left as it is.
func (c *Chain) Apply(r *traffic.Record) error {
	switch {
	case c.Empty() || r.Request == nil:
		return nil
	case r.Protocol == traffic.Postgres:
		c.queries++
		return nil
	}
	c.seen++
	c.work.open(r)
	for _, s := range c.steps {
		if !s.where.keeps(r) {
			continue
		}
		if err := s.apply(&c.work, s.counts); err != nil {
			return fmt.Errorf("record %s: %w", r.ID, err)
		}
	}
	c.work.close()
	return nil
}

// ApplyAll changes a list of records. Where nobody called Begin the capture began with the first of them.
func (c *Chain) ApplyAll(records []*traffic.Record) error {
	if c.Empty() || len(records) == 0 {
		return nil
	}
	first := records[0].Time
	for _, r := range records {
		if r.Time.Before(first) {
			first = r.Time
		}
	}
	c.Begin(first)
	for _, r := range records {
		if err := c.Apply(r); err != nil {
			return err
		}
	}
	return nil
}

// Redacted is a replayed answer with what the recorded one has lost by redaction taken out, so that the two
// can be compared; answer itself stays as it is. It may be called from several goroutines.
func (c *Chain) Redacted(recorded *traffic.Record, answer *traffic.Response) *traffic.Response {
	if c == nil || len(c.redacts) == 0 || answer == nil || recorded.Request == nil {
		return answer
	}
	out := *answer
	var x exchange
	x.open(&traffic.Record{Response: &out})
	for _, s := range c.redacts {
		if s.where.keeps(recorded) {
			// A body that is not what it claims to be differs from the recorded one as it is.
			_ = s.apply(&x, make([]int, len(s.counts)))
		}
	}
	x.close()
	return &out
}

// Tokens are the headers, by their canonical names, whose values token, user_tokens and jwt put in.
func (c *Chain) Tokens() (names []string) {
	for _, s := range c.steps {
		switch op := s.operation.(type) {
		case *tokenStep:
			names = append(names, op.header)
		case *userStep:
			names = append(names, op.header)
		case *jwtStep:
			names = append(names, op.header)
		}
	}
	return names
}

// Queries is how many Postgres queries were left as they are.
func (c *Chain) Queries() int { return c.queries }

// Use tells how often a transform, or a part of it, has fired.
type Use struct {
	// Name is how it reads in the run file, such as "redact json $..card_number".
	Name string
	// Count is the number of values that were changed.
	Count int
	at    spec.Pos
	idle  bool
}

// Uses lists all parts of all transforms, in their order.
func (c *Chain) Uses() (list []Use) {
	if c.Empty() {
		return nil
	}
	for _, s := range c.steps {
		for i, p := range s.parts {
			list = append(list, Use{Name: p.name, Count: s.counts[i], at: p.at, idle: s.unused})
		}
	}
	return list
}

// Check is called when all traffic was changed. It finds each transform, or part of one, that has fired nowhere
// and was not allowed not to, which is an error, and warns where redaction leaves little to compare.
func (c *Chain) Check() (ds spec.Diagnostics) {
	for _, u := range c.Uses() {
		if u.Count == 0 && !u.idle {
			ds.Errorf(u.at, "check its spelling, leave it out, or write allow_unused: true beside it",
				"would do nothing: %s applies to none of %d records", u.Name, c.seen)
		}
	}
	if c.Empty() {
		return ds
	}
	for _, s := range c.redacts {
		s.operation.(*redactStep).lint(s.parts[0].at, &ds)
	}
	return ds
}
