package replay

import (
	"math"
	"sync"
	"time"
)

// Pacing says when requests are due.
type Pacing struct {
	// Concurrency is how many sessions run at a time; below 1 counts as 1.
	Concurrency int
	// Scale divides all recorded pauses.
	Scale Scale
	// MaxGap is the longest recorded pause that is kept; 0 keeps all.
	MaxGap time.Duration
	// Rate is the ceiling in requests per second over all sessions; 0 is none.
	Rate float64
}

// Schedule is when the requests of a replay are due, measured from its start. Its memory depends on how
// often the recording pauses, not on how many requests it has.
type Schedule struct {
	// Paced is false where requests are only due one after another, as fast as it goes.
	Paced bool

	pacing      Pacing
	start       time.Time
	idle, again cuts
}

// Schedule is made from the recorded times alone: pauses longer than MaxGap, of all sessions together
// and then of each, are shortened to it; what is left is divided by Scale. The marks are visited up to
// three times.
func (p Pacing) Schedule(marks func(visit func(Mark)) error) (*Schedule, error) {
	s := &Schedule{Paced: !p.unpaced(), pacing: p}
	if math.IsInf(float64(p.Scale), 1) {
		return s, nil // all is due at once
	}
	first := true
	err := marks(func(m Mark) {
		if first || m.At.Before(s.start) {
			s.start, first = m.At, false
		}
	})
	if err != nil || p.MaxGap <= 0 {
		return s, err
	}
	busy := stretches{width: p.MaxGap}
	if err := marks(func(m Mark) { busy.add(m.At.Sub(s.start)) }); err != nil {
		return nil, err
	}
	s.idle = busy.pauses()
	// Sessions that become shorter can leave new gaps between them.
	busy = stretches{width: p.MaxGap}
	var clock *Clock
	err = marks(func(m Mark) {
		if m.First {
			clock = s.Clock()
		}
		busy.add(clock.within(m.At))
	})
	s.again = busy.pauses()
	return s, err
}

// Clock tells the due times of one session.
type Clock struct {
	schedule *Schedule
	begun    bool
	// before is the recorded time of the last request without idle periods, cut what was left out since.
	before, cut time.Duration
}

// Clock starts a session.
func (s *Schedule) Clock() *Clock { return &Clock{schedule: s} }

// Due is when the request recorded at a time is due. It is called for each request of the session, in
// their order, and never falls.
func (c *Clock) Due(at time.Time) time.Duration {
	s := c.schedule
	if math.IsInf(float64(s.pacing.Scale), 1) {
		return 0
	}
	return time.Duration(float64(s.again.apply(c.within(at))) / s.pacing.scale())
}

// within is the time without what is left out of all sessions and of this one.
func (c *Clock) within(at time.Time) time.Duration {
	d := c.schedule.idle.apply(max(0, at.Sub(c.schedule.start)))
	if c.begun {
		d = max(d, c.before)
		gap := d - c.before
		c.cut += gap - c.schedule.pacing.gap(gap)
	}
	c.begun, c.before = true, d
	return d - c.cut
}

// unpaced tells whether nothing but the answers holds requests back.
func (p Pacing) unpaced() bool { return math.IsInf(float64(p.Scale), 1) && p.Rate <= 0 }

func (p Pacing) scale() float64 {
	if p.Scale <= 0 {
		return 1
	}
	return float64(p.Scale)
}

// gap shortens one pause.
func (p Pacing) gap(d time.Duration) time.Duration {
	if p.MaxGap > 0 && d > p.MaxGap {
		return p.MaxGap
	}
	return d
}

// Duration predicts how long a replay takes: the schedule played through with sessions waiting for
// their turn and every request answered in its recorded duration.
func (p Pacing) Duration(marks func(visit func(Mark)) error) (time.Duration, error) {
	schedule, err := p.Schedule(marks)
	if err != nil {
		return 0, err
	}
	return schedule.Duration(marks)
}

// At is the schedule of the same recording with another scale, which is no more work. The schedule itself must
// not have been made with the scale [Max].
func (s *Schedule) At(scale Scale) *Schedule {
	out := *s
	out.pacing.Scale = scale
	out.Paced = !out.pacing.unpaced()
	return &out
}

// Duration is that of the [Pacing] that made the schedule, of the same marks.
func (s *Schedule) Duration(marks func(visit func(Mark)) error) (time.Duration, error) {
	p := s.pacing
	free := make([]time.Duration, max(1, p.Concurrency))
	var end, now, shift, took time.Duration
	var clock *Clock
	slot, n := 0, 0
	err := marks(func(m Mark) {
		if m.First {
			clock, slot = s.Clock(), earliest(free)
		}
		due := clock.Due(m.At)
		if m.First {
			shift = max(0, free[slot]-due)
			now = due + shift
		}
		took = m.Took
		now = max(now, due+shift) + took
		free[slot] = now
		end = max(end, now)
		n++
	})
	if p.Rate > 0 && n > 0 {
		end = max(end, time.Duration(float64(n-1)/p.Rate*float64(time.Second))+took)
	}
	return end, err
}

func earliest(free []time.Duration) int {
	first := 0
	for i, t := range free {
		if t < free[first] {
			first = i
		}
	}
	return first
}

// Ceiling keeps requests a minimum time apart. It may be used from many goroutines.
type Ceiling struct {
	mu      sync.Mutex
	spacing time.Duration
	next    time.Duration
}

// NewCeiling allows rate requests per second; 0 or less allows any number.
func NewCeiling(rate float64) *Ceiling {
	if rate <= 0 {
		return &Ceiling{}
	}
	return &Ceiling{spacing: time.Duration(float64(time.Second) / rate)}
}

// Next takes the first free moment at or after at, and returns it.
func (c *Ceiling) Next(at time.Duration) time.Duration {
	if c.spacing == 0 {
		return at
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	moment := max(at, c.next)
	c.next = moment + c.spacing
	return moment
}
