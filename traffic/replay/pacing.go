package replay

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
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

// Schedule is when each request of a set is due, measured from the start of the replay.
type Schedule struct {
	// Due runs parallel to the set's sessions and their records. Within a session it never falls.
	Due [][]time.Duration
	// Paced is false where requests are only due one after another, as fast as it goes.
	Paced bool
}

// Schedule computes the due times of a set from the recorded times alone: pauses longer than MaxGap,
// of all sessions together and then of each, are shortened to it; what is left is divided by Scale;
// then Rate spreads requests that are too close, in their order of time.
func (p Pacing) Schedule(set *traffic.Set) *Schedule {
	s := &Schedule{Due: make([][]time.Duration, len(set.Sessions)), Paced: !p.unpaced()}
	for i, session := range set.Sessions {
		s.Due[i] = offsets(session, set.Sessions[0].Start)
	}
	p.cutIdle(s.timeline())
	for _, due := range s.Due {
		p.cutGaps(due)
	}
	timeline := s.timeline()
	p.cutIdle(timeline) // sessions that became shorter can leave new gaps between them
	scale := p.scale()
	for _, due := range timeline {
		*due = time.Duration(float64(*due) / scale)
	}
	p.spread(timeline)
	return s
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

// offsets are the recorded times of a session.
func offsets(s *traffic.Session, start time.Time) []time.Duration {
	out := make([]time.Duration, len(s.Records))
	for i, r := range s.Records {
		out[i] = max(0, r.Time.Sub(start))
	}
	return out
}

// cutGaps shortens the pauses within one session.
func (p Pacing) cutGaps(due []time.Duration) {
	var cut time.Duration
	for i := 1; i < len(due); i++ {
		due[i] -= cut
		gap := due[i] - due[i-1]
		cut += gap - p.gap(gap)
		due[i] = due[i-1] + p.gap(gap)
	}
}

// timeline lists the due times of all sessions in their order of time.
func (s *Schedule) timeline() []*time.Duration {
	var all []*time.Duration
	for _, due := range s.Due {
		for i := range due {
			all = append(all, &due[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *time.Duration) int { return cmp.Compare(*a, *b) })
	return all
}

// cutIdle shortens the periods in which no session has a request. It can only make pauses shorter,
// so those within sessions stay within MaxGap.
func (p Pacing) cutIdle(timeline []*time.Duration) {
	var before, after time.Duration
	for _, due := range timeline {
		after += p.gap(*due - before)
		before = *due
		*due = after
	}
}

func (p Pacing) spread(timeline []*time.Duration) {
	ceiling := NewCeiling(p.Rate)
	for _, due := range timeline {
		*due = ceiling.Next(*due)
	}
}

// Duration predicts how long the replay of a set takes: the schedule played through with sessions
// waiting for their turn and every request answered in its recorded duration.
func (p Pacing) Duration(set *traffic.Set) time.Duration {
	schedule := p.Schedule(set)
	free := make([]time.Duration, max(1, p.Concurrency))
	var end time.Duration
	for i, session := range set.Sessions {
		slot := earliest(free)
		shift := max(0, free[slot]-schedule.Due[i][0])
		now := schedule.Due[i][0] + shift
		for j, r := range session.Records {
			now = max(now, schedule.Due[i][j]+shift) + r.Duration
		}
		free[slot] = now
		end = max(end, now)
	}
	if p.Rate > 0 && set.Len() > 0 {
		end = max(end, time.Duration(float64(set.Len()-1)/p.Rate*float64(time.Second)))
	}
	return end
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
