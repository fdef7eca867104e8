package correlate

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// Link is a value of a recorded answer that requests of its session use, by their index: anywhere, and
// where identifiers stand (-1 for none). At least one of the uses comes after the answer.
type Link struct {
	Value           string
	First, Last     int
	FirstID, LastID int
}

// Window is how many requests after an answer are looked at for the values that it issues.
const Window = 10_000

// maxValues bounds how many different values of the requests ahead are looked at, for memory's sake.
const maxValues = 100_000

// Linker finds the links of a session's answers, in their order, without holding the session. Its user
// gives it requests with Expect as long as it Wants them, then asks for the Links of the next answer.
// Values that requests used longer ago than the window, and not since, are taken for new ones.
type Linker struct {
	*Correlator
	uses map[string]use
	// at is the index of the answer that comes next, expected that of the request.
	at, expected int
	// swept is at when uses were last rid of those that are over.
	swept int
	found map[string]use
	// report is told what is left as recorded, numbers has the numbers of its sites; nil without a report.
	report  *Report
	sites   []Site
	numbers map[Site]int32
}

// use tells which requests of the recording use a value: anywhere, and where identifiers stand.
type use struct {
	first, last     int32
	firstID, lastID int32
	// site is where the value stood first if it looks issued and no answer before had it, else 0.
	site int32
}

// NewLinker starts a session. The report may be nil.
func (c *Correlator) NewLinker(report *Report) *Linker {
	return &Linker{
		Correlator: c, uses: make(map[string]use), report: report, sites: make([]Site, 1), numbers: make(map[Site]int32),
	}
}

// Wants tells whether the next request is to be given first.
func (l *Linker) Wants() bool {
	switch {
	case l.off:
		return false
	case l.expected <= l.at:
		return true
	case l.expected-l.at > Window:
		return false
	}
	if len(l.uses) >= maxValues && l.at-l.swept > Window/10 {
		l.sweep()
	}
	return len(l.uses) < maxValues
}

// Follows tells whether the linker looks at answers at all.
func (l *Linker) Follows() bool { return !l.off }

// sweep forgets the values that only requests before the next answer use.
func (l *Linker) sweep() {
	l.swept = l.at
	for value, u := range l.uses {
		if int(u.last) < l.at {
			l.leave(u)
			delete(l.uses, value)
		}
	}
}

// Close ends the session: the report learns what was left.
func (l *Linker) Close() {
	for _, u := range l.uses {
		l.leave(u)
	}
	clear(l.uses)
}

// leave reports a value that no answer has issued.
func (l *Linker) leave(u use) {
	if u.site > 0 {
		l.report.left.add(l.sites[u.site], 1)
	}
}

// Expect notes every value that the next request might take from an earlier answer. endpoint is that of r.
func (l *Linker) Expect(endpoint string, r *traffic.Request) {
	i := int32(l.expected)
	l.expected++
	if r == nil {
		return
	}
	var at spot
	note := func(token string, how standing) (string, bool) {
		u, seen := l.uses[token]
		if !seen {
			if !l.mayBeIssued(token, how) {
				return "", false
			}
			u = use{first: i, firstID: -1, lastID: -1}
			if l.report != nil && how&coarse != 0 && isRandom(token) && !madeByClients(at) {
				u.site = l.number(Site{endpoint, at.String()})
			}
			token = strings.Clone(token) // the request is not to be kept
		}
		u.last = i
		if how&asID != 0 {
			if u.firstID < 0 {
				u.firstID = i
			}
			u.lastID = i
		}
		l.uses[token] = u
		return "", false
	}
	rewriter{find: note, at: &at}.request(r)
}

// mayBeIssued tells whether a value of a request can be one that an answer issues.
func (l *Linker) mayBeIssued(token string, how standing) bool {
	return looksIssued(token, true) || how&asTag != 0 || how&whole != 0 && !l.carry.empty() && len(token) <= maxValue
}

// number numbers the sites, so that a value needs little memory for its own.
func (l *Linker) number(s Site) int32 {
	n, ok := l.numbers[s]
	if !ok && len(l.sites) < maxSites {
		n = int32(len(l.sites))
		l.sites, l.numbers[s] = append(l.sites, s), n
	}
	return n
}

// Links are those of the answer of the next record, sorted by value. endpoint is that of its request.
func (l *Linker) Links(endpoint string, record *traffic.Record) []Link {
	defer func() { l.at++ }()
	r := record.Response
	if l.off || r == nil || len(l.uses) == 0 {
		return nil
	}
	clear(l.found)
	at := lesson{linker: l, except: l.except.at(endpoint), carry: l.carry.at(endpoint)}
	if record.Request != nil {
		at.target = record.Request.URL
	}
	at.headers(r.Header, nil)
	at.body(r, &traffic.Response{})
	links := make([]Link, 0, len(l.found))
	for value, u := range l.found {
		links = append(links, Link{value, int(u.first), int(u.last), int(u.firstID), int(u.lastID)})
	}
	slices.SortFunc(links, func(a, b Link) int { return strings.Compare(a.Value, b.Value) })
	return links
}

// find notes a value that the answer shows.
func (l *Linker) find(value string) {
	u, ok := l.uses[value]
	if !ok || int(u.last) <= l.at {
		return
	}
	if u.site > 0 {
		u.site = 0
		l.uses[value] = u
	}
	if l.found == nil {
		l.found = make(map[string]use)
	}
	l.found[value] = u
}

// Links are those of the answers of a session that is in memory.
func (c *Correlator) Links(recorded []*traffic.Record) [][]Link {
	l := c.NewLinker(nil)
	list := make([][]Link, len(recorded))
	for i, r := range recorded {
		for l.expected < len(recorded) && l.Wants() {
			next := recorded[l.expected].Request
			l.Expect(endpointOf(next), next)
		}
		list[i] = l.Links(endpointOf(r.Request), r)
	}
	return list
}

func endpointOf(r *traffic.Request) string {
	if r == nil {
		return ""
	}
	return traffic.Endpoint(r.Method, r.URL)
}

// AppendLinks appends the binary form of links to b.
func AppendLinks(b []byte, links []Link) []byte {
	for _, k := range links {
		b = append(binary.AppendUvarint(b, uint64(len(k.Value))), k.Value...)
		for _, n := range []int{k.First, k.Last, k.FirstID, k.LastID} {
			b = binary.AppendVarint(b, int64(n))
		}
	}
	return b
}

// ParseLinks reads what AppendLinks has written.
func ParseLinks(b []byte) ([]Link, error) {
	var links []Link
	for len(b) > 0 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, errors.New("links are damaged")
		}
		k := Link{Value: string(b[n : n+int(size)])}
		b = b[n+int(size):]
		for _, into := range []*int{&k.First, &k.Last, &k.FirstID, &k.LastID} {
			v, n := binary.Varint(b)
			if n <= 0 {
				return nil, errors.New("links are damaged")
			}
			*into, b = int(v), b[n:]
		}
		links = append(links, k)
	}
	return links, nil
}
