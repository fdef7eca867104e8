// Package reduce chooses a part of captured traffic that still holds every kind of request.
package reduce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/index"
	"github.com/headgate-dev/headgate/traffic/session"
)

// Options say what is to be chosen.
type Options struct {
	// Budget is the most inbound requests that are chosen, or of outbound ones where there are no others; 0 is no
	// limit.
	Budget int
	// Only records from Since on and before Until are looked at; a zero time is no bound.
	Since, Until time.Time
	// Endpoints and Statuses choose sessions by a request that they have: of one of the endpoints, see
	// [session.Select], and with one of the statuses, such as 404 or 5xx.
	Endpoints, Statuses []string
	// Session is the only session that is chosen, by its name in the capture or as a run shows it.
	Session string
	// Sample is the share of the sessions that are looked at; 0 is all of them.
	Sample float64
	// Seed decides between what is equally good.
	Seed uint64
}

// Validate returns all that is wrong with the options.
func (o Options) Validate() error {
	var errs []error
	if o.Budget < 0 {
		errs = append(errs, fmt.Errorf("budget is %d: expected 1 or more", o.Budget))
	}
	if o.Sample < 0 || o.Sample > 1 {
		errs = append(errs, fmt.Errorf("sample is %g%%: expected above 0%% up to 100%%", 100*o.Sample))
	}
	for _, text := range o.Statuses {
		if !isStatus(text) {
			errs = append(errs, fmt.Errorf("status is %q: expected one such as 404 or 5xx", text))
		}
	}
	if err := o.selection().Validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func isStatus(text string) bool {
	if n, err := strconv.Atoi(text); err == nil {
		return n >= 100 && n <= 599
	}
	return len(text) == 3 && text[0] >= '1' && text[0] <= '5' && strings.EqualFold(text[1:], "xx")
}

// selection is the part of the options that a run file has, too.
func (o Options) selection() session.Select {
	s := session.DefaultSelect()
	s.Since, s.Until, s.Endpoints = o.Since, o.Until, o.Endpoints
	return s
}

// Choice is what was chosen.
type Choice struct {
	Report

	// kept has a bit for each number in each file.
	kept []bits
}

type bits []uint64

func (b *bits) set(n int) {
	for n/64 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[n/64] |= 1 << (n % 64)
}

func (b bits) has(n int) bool { return n/64 < len(b) && b[n/64]&(1<<(n%64)) != 0 }

// Has tells whether an entry was chosen.
func (c *Choice) Has(e *index.Entry) bool { return c.kept[e.File].has(e.Number) }

// Choose chooses whole sessions, and the outbound records that belong to their requests: first such that every
// endpoint is there, then every status of each, then every shape, with as few requests as it finds; then others, by
// the seed, until the budget is used up. It needs some forty bytes of memory for each record.
func Choose(ctx context.Context, set *index.Set, o Options) (*Choice, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	c := &choosing{ctx: ctx, Options: o, set: set, features: map[feature]uint32{}, units: map[uint64]uint32{}}
	if err := c.read(); err != nil {
		return nil, err
	}
	c.arrange()
	c.left = o.Budget
	if o.Budget == 0 {
		c.left = len(c.rows)
	}
	c.cover()
	c.fill()
	return c.finish()
}

// feature is what a record is an example of.
type feature struct {
	endpoint, status int
	shape            uint64
}

// row is one record that can be chosen.
type row struct {
	at            int64
	unit, feature uint32
	file          uint32
	number        uint32
}

// unit is what is chosen together: a session, or a request without one.
type unit struct {
	// first and end are rows.
	first, end int
	// hash decides between equals.
	hash uint64
	// wanted tells that it has a request which is asked for; taken is how many of its rows are chosen.
	wanted bool
	taken  int
}

// choosing is the work of Choose.
type choosing struct {
	Options

	//nolint:containedctx // it lives as long as one call
	ctx context.Context
	set *index.Set

	endpoints []string
	names     map[string]int
	wanted    []bool // by endpoint
	features  map[feature]uint32
	list      []feature
	examples  []example // by feature

	rows  []row
	units map[uint64]uint32
	all   []unit
	left  int

	outbound bool // there is nothing inbound
	report   Report
}

// read lists what can be chosen.
func (c *choosing) read() error {
	inbound := 0
	for _, f := range c.set.Files() {
		inbound += f.Counts.Inbound
	}
	c.outbound = inbound == 0
	numbers := c.tables()
	return c.set.Originals(func(e *index.Entry, original bool) error {
		switch {
		case c.ctx.Err() != nil:
			return context.Cause(c.ctx)
		case !original:
			c.report.Duplicates++
			return nil
		case (e.Flags&index.Outbound != 0) != c.outbound:
			c.report.Outbound++
			return nil
		}
		c.report.Records++
		c.add(e, numbers[e.File][e.Endpoint])
		return nil
	})
}

// tables joins the endpoints of all files to one list.
func (c *choosing) tables() (numbers [][]int) {
	c.names = map[string]int{}
	for _, f := range c.set.Files() {
		list := make([]int, len(f.Endpoints))
		for i, name := range f.Endpoints {
			n, known := c.names[name]
			if !known {
				n = len(c.endpoints)
				c.names[name] = n
				c.endpoints = append(c.endpoints, name)
				c.wanted = append(c.wanted, c.asked(name))
			}
			list[i] = n
		}
		numbers = append(numbers, list)
	}
	return numbers
}

// asked tells whether an endpoint is one of those that are asked for.
func (c *choosing) asked(endpoint string) bool {
	method, target, ok := strings.Cut(endpoint, " ")
	if !ok || len(c.Endpoints) == 0 {
		return len(c.Endpoints) == 0
	}
	return session.Select{Endpoints: c.Endpoints}.Keep(&traffic.Record{
		Direction: traffic.Inbound, Request: &traffic.Request{Method: method, URL: target},
	})
}

func (c *choosing) add(e *index.Entry, endpoint int) {
	if !c.inTime(e.Time) {
		return
	}
	u, ok := c.unit(e)
	if !ok {
		return
	}
	f := feature{endpoint, e.Status, e.Shape}
	n, known := c.features[f]
	if !known {
		n = uint32(len(c.list))
		c.features[f] = n
		c.list = append(c.list, f)
		c.examples = append(c.examples, example{file: e.File, number: e.Number})
	}
	c.examples[n].records++
	if c.wanted[endpoint] && c.status(e.Status) {
		c.all[u].wanted = true
	}
	c.all[u].end++ // the number of its rows, until they are arranged
	c.rows = append(c.rows, row{at: e.Time, unit: u, feature: n, file: uint32(e.File), number: uint32(e.Number)})
}

func (c *choosing) inTime(at int64) bool {
	return (c.Since.IsZero() || at >= c.Since.UnixNano()) && (c.Until.IsZero() || at < c.Until.UnixNano())
}

// unit finds what a record is chosen together with.
func (c *choosing) unit(e *index.Entry) (n uint32, ok bool) {
	keyed := e.Flags&index.Keyed != 0
	hash := e.Session
	if !keyed {
		hash = e.ID ^ uint64(e.Time)
	}
	hash = mixed(hash ^ c.Seed*0x9e3779b97f4a7c15)
	if c.Session != "" && (!keyed || e.Session != key(c.Session)) ||
		c.Sample > 0 && c.Sample < 1 && float64(mixed(hash)>>11)/(1<<53) >= c.Sample {
		return 0, false
	}
	if keyed {
		if n, ok := c.units[e.Session]; ok {
			return n, true
		}
		c.units[e.Session] = uint32(len(c.all))
	}
	c.all = append(c.all, unit{hash: hash})
	return uint32(len(c.all) - 1), true
}

// key is the session of a name, or of what a run shows, such as cookie:0123456789abcdef.
func key(name string) uint64 {
	if i := strings.LastIndexByte(name, ':'); i >= 0 && len(name)-i == 17 {
		if n, err := strconv.ParseUint(name[i+1:], 16, 64); err == nil {
			return n
		}
	}
	return uint64(session.Named(name))
}

// status tells whether a status is one of those that are asked for.
func (c *choosing) status(status int) bool {
	text := strconv.Itoa(status)
	return len(c.Statuses) == 0 || slices.ContainsFunc(c.Statuses, func(asked string) bool {
		return asked == text || len(asked) == 3 && strings.EqualFold(asked[1:], "xx") && asked[0] == text[0]
	})
}

// arrange puts the rows of each unit together, in the order of time.
func (c *choosing) arrange() {
	at := 0
	for i := range c.all {
		n := c.all[i].end
		c.all[i].first, c.all[i].end = at, at+n
		at += n
	}
	slices.SortStableFunc(c.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.at, b.at))
	})
}

// mixed spreads a number evenly (the finishing step of MurmurHash3).
func mixed(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
