package difftest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Case is one set of mappings and the requests that are sent to it, in order.
type Case struct {
	Name string
	// Mappings are in the order of a mapping file: on a tie the last one wins.
	Mappings []map[string]any
	// Files are what bodyFileName can name.
	Files    map[string][]byte
	Requests []Request
}

// ErrRefused says that an engine does not take the mappings; the text behind it tells which part.
var ErrRefused = errors.New("refused")

// Engine serves mappings. It is used by one goroutine.
type Engine interface {
	// Load replaces all mappings and puts scenarios back to their start. The error of an engine that
	// does not take the mappings is ErrRefused.
	Load(ctx context.Context, c *Case) error
	// Do sends one request.
	Do(ctx context.Context, r *Request) (*Answer, error)
}

// Disagreement is one request that two engines answer differently.
type Disagreement struct {
	Case *Case
	At   int // index of the request; -1 where one engine refused the mappings
	// Where is what differs: matched, status, reason, body, broken, load or header.NAME.
	Where      string
	Java, Ours *Answer
	Err        error // of the engine that refused
}

// Pair is WireMock and the engine that is compared with it.
type Pair struct{ Java, Ours Engine }

// Figures count what was compared.
type Figures struct {
	Loaded  int            // mappings that both engines took
	Refused map[string]int // mappings that only ours refused, by its text
	Invalid map[string]int // mappings that both refused, by WireMock's text
	// Requests is how many were compared, Agreed how many were answered alike.
	Requests, Agreed, Matched int
	Disagreements             []*Disagreement
}

// Add counts another set of figures in.
func (f *Figures) Add(g *Figures) {
	f.Loaded += g.Loaded
	f.Requests += g.Requests
	f.Agreed += g.Agreed
	f.Matched += g.Matched
	f.Disagreements = append(f.Disagreements, g.Disagreements...)
	f.Refused = added(f.Refused, g.Refused)
	f.Invalid = added(f.Invalid, g.Invalid)
}

func added(to, from map[string]int) map[string]int {
	if to == nil {
		to = map[string]int{}
	}
	for why, n := range from {
		to[why] += n
	}
	return to
}

// Run compares one case. A request that is answered differently does not end it. Mappings that an
// engine refuses are left out.
func (p Pair) Run(ctx context.Context, c *Case) (*Figures, error) {
	f := &Figures{Refused: map[string]int{}, Invalid: map[string]int{}}
	c, err := p.sieve(ctx, c, f)
	if err != nil || len(c.Mappings) == 0 {
		return f, err
	}
	f.Loaded = len(c.Mappings)
	for i := range c.Requests {
		d, err := p.ask(ctx, c, i)
		if err != nil {
			return f, err
		}
		f.Requests++
		if d.Java.Matched {
			f.Matched++
		}
		if d.Where == "" {
			f.Agreed++
			continue
		}
		f.Disagreements = append(f.Disagreements, d)
	}
	return f, nil
}

// sieve loads the case into both engines, without the mappings that one of them does not take.
func (p Pair) sieve(ctx context.Context, c *Case, f *Figures) (*Case, error) {
	if ours, java, err := p.load(ctx, c); err != nil || ours == nil && java == nil {
		return c, err
	}
	kept := *c
	kept.Mappings = nil
	for i := range c.Mappings {
		one := &Case{Name: c.Name, Mappings: c.Mappings[i : i+1], Files: c.Files}
		ours, java, err := p.load(ctx, one)
		switch {
		case err != nil:
			return nil, err
		case ours != nil && java != nil:
			f.Invalid[java.Error()]++
		case ours != nil:
			f.Refused[ours.Error()]++
		case java != nil:
			f.Disagreements = append(f.Disagreements, &Disagreement{Case: one, At: -1, Where: "load", Err: java})
		default:
			kept.Mappings = append(kept.Mappings, c.Mappings[i])
		}
	}
	if len(kept.Mappings) == 0 {
		return &kept, nil
	}
	ours, java, err := p.load(ctx, &kept)
	return &kept, errors.Join(ours, java, err)
}

// load gives the refusals of both engines, and what else went wrong.
func (p Pair) load(ctx context.Context, c *Case) (ours, java, err error) {
	ours, java = p.Ours.Load(ctx, c), p.Java.Load(ctx, c)
	for _, err := range []error{ours, java} {
		if err != nil && !errors.Is(err, ErrRefused) {
			return nil, nil, fmt.Errorf("loading %s: %w", c.Name, err)
		}
	}
	return ours, java, nil
}

func (p Pair) ask(ctx context.Context, c *Case, at int) (*Disagreement, error) {
	r := &c.Requests[at]
	java, err := p.Java.Do(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("asking WireMock: %w", err)
	}
	ours, err := p.Ours.Do(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("asking the engine: %w", err)
	}
	return &Disagreement{Case: c, At: at, Where: differ(c, java, ours), Java: java, Ours: ours}, nil
}

// clone copies a case deeply enough for its mappings to be changed.
func (c *Case) clone() *Case {
	data, err := json.Marshal(c.Mappings)
	if err != nil {
		panic(err) // a tree that came from JSON always encodes
	}
	copied := *c
	copied.Mappings = nil
	if err := decode(data, &copied.Mappings); err != nil {
		panic(err)
	}
	copied.Requests = append([]Request(nil), c.Requests...)
	return &copied
}

// Shape is the same for disagreements that are likely to have one cause.
func (d *Disagreement) Shape() string {
	names := map[string]bool{}
	for _, m := range d.Case.Mappings {
		anywhere(m, func(name string, _ any) bool {
			names[name] = true
			return false
		})
	}
	return d.Where + " " + strings.Join(slices.Sorted(maps.Keys(names)), " ")
}

// String tells the whole of it: mappings, requests and both answers.
func (d *Disagreement) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s differs\n", d.Case.Name, d.Where)
	for _, m := range d.Case.Mappings {
		fmt.Fprintf(&b, "  mapping %s\n", encode(m))
	}
	if d.At < 0 {
		fmt.Fprintf(&b, "  WireMock: %v\n  ours: takes it", d.Err)
		return b.String()
	}
	for i := range d.At + 1 {
		fmt.Fprintf(&b, "  request %s\n", &d.Case.Requests[i])
	}
	fmt.Fprintf(&b, "  WireMock: %s\n  ours: %s", d.Java, d.Ours)
	return b.String()
}
