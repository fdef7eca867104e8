package compare

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/traffic"
)

// Survey is what the rules would do to recorded answers.
type Survey struct {
	// Wide says, a sentence each, which rules leave too little to compare: nothing of a recorded body, or,
	// by a path with .. or a last *, less than half of all fields.
	Wide []string
	// Absent are the headers to compare that no answer has.
	Absent []string
	// Unknown are the endpoints with rules of their own of which there is no answer.
	Unknown []string
}

// surveyed is how many answers of one endpoint a survey looks at.
const surveyed = 100

// Survey looks at recorded answers, given with their endpoints: at the first 100 of each.
func (c *Comparer) Survey(answers iter.Seq2[string, *traffic.Response]) Survey {
	s := surveyor{
		comparer: c, seen: map[string]int{}, silenced: map[string]string{}, headers: map[string]bool{},
		reach: map[*rule]*reach{},
	}
	if len(c.rules)+len(c.general.headers)+len(c.endpoints) == 0 {
		return Survey{}
	}
	for endpoint, answer := range answers {
		if s.seen[endpoint]++; s.seen[endpoint] <= surveyed {
			s.look(endpoint, answer)
		}
	}
	return s.result()
}

type surveyor struct {
	comparer *Comparer
	seen     map[string]int
	// silenced holds the rules that leave nothing of a body, by endpoint.
	silenced map[string]string
	// headers are those to compare, and whether an answer has them.
	headers map[string]bool
	reach   map[*rule]*reach
}

// reach is what one rule leaves out of how many fields.
type reach struct {
	out, of int64
	by      map[string]int64
}

// rulesOf are the rules of an endpoint.
func (c *Comparer) rulesOf(endpoint string) *ruleSet {
	if rules := c.endpoints[endpoint]; rules != nil {
		return rules
	}
	return c.general
}

func (s *surveyor) look(endpoint string, answer *traffic.Response) {
	rules := s.comparer.rulesOf(endpoint)
	for _, name := range rules.headers {
		s.headers[name] = s.headers[name] || len(answer.Header.Values(name)) > 0
	}
	ignores := rules.ignores()
	media := mediaType(answer.Header)
	structured := isJSON(media) || sniffable(media) && looksJSON(answer.Body)
	if len(ignores) == 0 || !structured {
		return
	}
	if root, ok := parseJSON(answer.Body); ok {
		s.measure(endpoint, root, ignores)
	}
}

// measure counts the fields that the rules leave out of one body.
func (s *surveyor) measure(endpoint string, root *value, ignores []*rule) {
	total := root.leaves()
	var used []string
	for _, r := range ignores {
		at := selection{root: root}
		var out int64
		at.run(r.path.segments, root, func(v *value) { out += v.leaves() })
		if out > 0 {
			used = append(used, r.key)
		}
		if s.reach[r] == nil {
			s.reach[r] = &reach{by: map[string]int64{}}
		}
		s.reach[r].add(endpoint, min(out, total), total)
	}
	mark(root, ignores, func(*rule) {})
	if root.leaves() == 0 {
		s.silenced[endpoint] = strings.Join(used, ", ")
	}
}

func (r *reach) add(endpoint string, out, of int64) {
	r.out += out
	r.of += of
	if out > 0 {
		r.by[endpoint] += out
	}
}

func (s *surveyor) result() Survey {
	var out Survey
	for _, r := range s.comparer.rules {
		if at := s.reach[r]; at != nil && at.out*2 > at.of && r.path.sweeping() {
			out.Wide = append(out.Wide, fmt.Sprintf("%s leaves out %d of the %d recorded fields (%s)",
				r.key, at.out, at.of, byCount(at.by)))
		}
	}
	for _, endpoint := range sortedKeys(s.silenced) {
		out.Wide = append(out.Wide, fmt.Sprintf("nothing of a recorded answer of %s is compared, because of %s",
			endpoint, s.silenced[endpoint]))
	}
	for _, name := range sortedKeys(s.headers) {
		if !s.headers[name] {
			out.Absent = append(out.Absent, name)
		}
	}
	for _, endpoint := range sortedKeys(s.comparer.endpoints) {
		if s.seen[endpoint] == 0 {
			out.Unknown = append(out.Unknown, endpoint)
		}
	}
	return out
}

// sweeping tells whether the path finds values in places that it does not name.
func (p *path) sweeping() bool {
	n := len(p.segments)
	return slices.ContainsFunc(p.segments, (*spec.Segment).IsDescendant) || n > 0 && universal(p.segments[n-1])
}

// Excuse is what one ignore rule has accepted.
type Excuse struct {
	// Key is that of [RuleUse].
	Key string
	// Endpoints counts the accepted differences.
	Endpoints map[string]int64
}

// Total is the number of accepted differences.
func (e Excuse) Total() int64 {
	var sum int64
	for _, n := range e.Endpoints {
		sum += n
	}
	return sum
}

// String lists the endpoints, those with most differences first.
func (e Excuse) String() string { return byCount(e.Endpoints) }

// Excuses lists the ignore rules that have accepted differences, in the order of [Comparer.Rules].
func (c *Comparer) Excuses() []Excuse {
	var list []Excuse
	for _, r := range c.rules {
		if r.excused.Load() > 0 && r.ignores() {
			list = append(list, Excuse{Key: r.key, Endpoints: r.excuses()})
		}
	}
	return list
}

// byCount lists the counts, the largest first.
func byCount(counts map[string]int64) string {
	keys := sortedKeys(counts)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	for i, key := range keys {
		keys[i] = fmt.Sprintf("%s: %d", key, counts[key])
	}
	return strings.Join(keys, ", ")
}
