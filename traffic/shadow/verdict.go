package shadow

import (
	"fmt"

	"github.com/headgate-dev/headgate/traffic/compare"
)

// Verdict is the outcome of a [Report] in one word.
type Verdict string

// The verdicts.
const (
	// Passed says that answers were compared and none differs but for noise.
	Passed Verdict = "passed"
	// Failed says that answers differ, or that only the primary has given them.
	Failed Verdict = "failed"
	// Inconclusive says that less than half of the requests that were to be mirrored could be compared: there
	// was nothing to compare, or they were shed.
	Inconclusive Verdict = "inconclusive"
)

// Verdict says in a word and in a sentence what was found.
func (r *Report) Verdict() (v Verdict, why string) {
	switch {
	case r.Requests == 0:
		return Inconclusive, "there were no requests"
	case r.Compared == 0:
		return Inconclusive, fmt.Sprintf("nothing was compared, of %d requests", r.Requests)
	case len(r.Differences) > 0:
		return Failed, fmt.Sprintf("%d of %d answers differ, in %d fields", r.Differed, r.Compared, len(r.Differences))
	case r.Failed() > 0:
		return Failed, fmt.Sprintf("the candidate gave no answer to %d of %d requests", r.Failed(), r.Mirrored)
	case r.Compared*2 < r.Mirrored+r.Shed():
		return Inconclusive, fmt.Sprintf("only %d of %d requests that were to be mirrored could be compared",
			r.Compared, r.Mirrored+r.Shed())
	case r.Noisy+r.Differed > 0:
		return Passed, fmt.Sprintf("no differences but noise in %d answers", r.Compared)
	}
	return Passed, fmt.Sprintf("no differences in %d answers", r.Compared)
}

// Unknown tells whether most answers differ by their status: the candidate, or the secondary, may not know what
// the primary has issued to its clients.
func (r *Report) Unknown() bool {
	var n int64
	for _, fields := range [][]Field{r.Differences, r.Noise} {
		for _, f := range fields {
			if f.Kind == compare.Status {
				n += f.Count
			}
		}
	}
	return n*2 > r.Mirrored
}
