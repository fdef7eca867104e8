package noise

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Run is what a replay has left behind: one line for each recorded request in Results, one for each
// difference from the recording in Diffs, as a run writes them to results.jsonl and diffs.jsonl.
type Run struct {
	Results, Diffs io.Reader
}

// Learned is what differed between runs of one build.
type Learned struct {
	// Entries are in the order of endpoints and paths.
	Entries []Found
	// Unlearned is what no narrow rule can say.
	Unlearned []Unlearned
	// Answers counts the recorded requests that every run answered.
	Answers int64
}

// Found is an entry with values that were seen: the recorded one, and one from each run.
type Found struct {
	Entry

	Sample []string
}

// Unlearned is a place that differed between the runs and is still compared.
type Unlearned struct {
	Endpoint, Path, Why string
	Count               int64
}

// mostDifferences is how many differences of one answer a run lists; of an answer with more, it is not known
// where it differs.
const mostDifferences = 1000

// Learn finds the fields in which the answers to the same recorded request differ between runs. Every run is
// known by how it differs from the recording: what differs in all of them alike has changed since, and
// is no noise. Ids that a run has carried over differ nowhere. It keeps the differences in memory.
func Learn(runs ...Run) (*Learned, error) {
	if len(runs) < 2 {
		return nil, errors.New("noise shows between two runs at least")
	}
	l := &learner{runs: len(runs), records: map[string]*record{}, of: map[string]int64{}, groups: map[place]*group{}}
	for i, run := range runs {
		if err := each(run.Results, func(r result) { l.result(i, r) }); err != nil {
			return nil, fmt.Errorf("results of run %d: %w", i+1, err)
		}
		if err := each(run.Diffs, func(d diff) { l.diff(i, d) }); err != nil {
			return nil, fmt.Errorf("differences of run %d: %w", i+1, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(l.records)) {
		l.learn(l.records[id])
	}
	return l.learned(), nil
}

// result is a line of results.jsonl, diff one of diffs.jsonl.
type result struct {
	ID, Endpoint string
	Bucket       string
	Status       int
	Differences  int
}

type diff struct {
	ID, Endpoint, Path, Kind, Expected, Actual string
}

// each reads JSON lines.
func each[T any](from io.Reader, take func(T)) error {
	d := json.NewDecoder(bufio.NewReader(from))
	for n := 1; ; n++ {
		var line T
		switch err := d.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("line %d: %w", n, err)
		}
		take(line)
	}
}

// record is a recorded request that some run answered in another way than recorded.
type record struct {
	endpoint string
	// unusable says that the answer of a run is not known whole.
	unusable bool
	runs     []map[string]diff // by path
}

// place is a field of an endpoint, array indexes left open.
type place struct{ endpoint, path string }

// group is all that was seen at a place.
type group struct {
	count  int64
	kinds  map[Kind]bool
	why    string // it cannot be learned
	sample []string
}

type learner struct {
	runs    int
	records map[string]*record
	of      map[string]int64 // answers by endpoint, of the first run
	groups  map[place]*group
	lost    int64
}

func (l *learner) record(id, endpoint string) *record {
	r := l.records[id]
	if r == nil {
		r = &record{endpoint: endpoint, runs: make([]map[string]diff, l.runs)}
		for i := range r.runs {
			r.runs[i] = map[string]diff{}
		}
		l.records[id] = r
	}
	return r
}

func (l *learner) result(run int, r result) {
	answered := r.Status != 0
	if run == 0 && answered {
		l.of[r.Endpoint]++
	}
	if !answered || r.Differences >= mostDifferences {
		l.record(r.ID, r.Endpoint).unusable = true
	}
}

func (l *learner) diff(run int, d diff) {
	r := l.record(d.ID, d.Endpoint)
	if _, twice := r.runs[run][d.Path]; twice {
		r.unusable = true // two records of one id, or an answer that names a field twice
	}
	r.runs[run][d.Path] = d
}

// learn adds what differs between the runs at one record.
func (l *learner) learn(r *record) {
	if r.unusable {
		l.lost++
		l.group(r.endpoint, "answer", "", "not every run has one answer that is known whole").count++
		return
	}
	paths := map[string]bool{}
	for _, run := range r.runs {
		for path := range run {
			paths[path] = true
		}
	}
	if paths["status"] {
		paths = map[string]bool{"status": true} // of an answer with another status nothing else is known
	}
	counted := map[place]bool{}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		at := place{r.endpoint, normal(path)}
		if l.look(r, path) && !counted[at] {
			counted[at] = true
			l.groups[at].count++
		}
	}
}

// look groups one place of a record, unless all runs agree there.
func (l *learner) look(r *record, path string) bool {
	var there []diff
	for _, run := range r.runs {
		d, differs := run[path]
		if !differs && covered(run, path) {
			return false // what this run has there is not known
		}
		there = append(there, d)
	}
	recorded := ""
	for _, d := range there {
		recorded = cmp.Or(d.Expected, recorded)
	}
	values, same := []string{recorded}, true
	for _, d := range there {
		same = same && d.Kind == there[0].Kind && d.Actual == there[0].Actual
		if d.Kind == "" {
			d.Actual = recorded
		}
		values = append(values, d.Actual)
	}
	if same {
		return false
	}
	kind, why := classify(path, there, values)
	g := l.group(r.endpoint, normal(path), kind, why)
	if g.sample == nil {
		g.sample = values
	}
	return true
}

func (l *learner) group(endpoint, path string, kind Kind, why string) *group {
	at := place{endpoint, path}
	g := l.groups[at]
	if g == nil {
		g = &group{kinds: map[Kind]bool{}}
		l.groups[at] = g
	}
	g.kinds[kind] = true
	g.why = cmp.Or(g.why, why)
	return g
}

// covered tells whether a run differs at a place around the path, so that the path itself was not looked at.
func covered(run map[string]diff, path string) bool {
	if _, whole := run["body"]; whole && !strings.HasPrefix(path, "header.") {
		return true
	}
	for at := range run {
		rest, inside := strings.CutPrefix(path, at)
		if inside && rest != "" && (rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// learned sorts out what can be said by a rule.
func (l *learner) learned() *Learned {
	out := &Learned{}
	for _, n := range l.of {
		out.Answers += n
	}
	out.Answers = max(0, out.Answers-l.lost)
	for at, g := range l.groups {
		if g.why != "" {
			out.Unlearned = append(out.Unlearned, Unlearned{at.endpoint, at.path, g.why, g.count})
			continue
		}
		if g.kinds[Order] && len(g.kinds) > 1 {
			out.Unlearned = append(out.Unlearned, Unlearned{at.endpoint, at.path, "not its order alone differs", g.count})
			continue
		}
		e := Entry{Endpoint: at.endpoint, Path: at.path, Kind: only(g.kinds), Count: g.count, Of: l.of[at.endpoint]}
		out.Entries = append(out.Entries, Found{e, g.sample})
	}
	slices.SortFunc(out.Entries, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Path, b.Path))
	})
	slices.SortFunc(out.Unlearned, func(a, b Unlearned) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Path, b.Path))
	})
	return out
}

// only is the one kind of a place, or Value where it has more.
func only(kinds map[Kind]bool) Kind {
	if len(kinds) > 1 {
		return Value
	}
	for k := range kinds {
		return k
	}
	return Value
}
