package shadow

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// Report tells what became of the requests. Once the proxy is closed, Requests is the sum of Mirrored and Left.
type Report struct {
	Began time.Time
	Took  time.Duration
	// Requests counts those of the clients, Mirrored those that the candidate was asked, Left those that it
	// was not asked. Waiting ones are not in either yet.
	Requests, Mirrored int64
	Left               map[Reason]int64
	Waiting            int
	// Compared counts the requests whose answers were compared: Matched are alike, Noisy differ only where
	// the secondary does as well, Differed are the others.
	Compared, Matched, Noisy, Differed int64
	// Uncompared counts answers of which there was nothing to compare, by reason.
	Uncompared map[string]int64
	// CandidateFailures counts the requests to which the candidate gave no answer, by kind.
	CandidateFailures map[string]int64
	SecondaryFailed   int64
	// The newest failures, in words.
	LastPrimaryFailure, LastCandidateFailure, LastSecondaryFailure string
	// Differences are the fields in which the candidate differs, worst first; Noise are those in which the
	// secondary differs as much.
	Differences, Noise []Field
	// Unlisted counts the differences that were not written: of each field the first 100 are.
	Unlisted int64
	Rules    []compare.RuleUse
	// Primary, Candidate and Secondary are how long the answers took, of requests that were mirrored; the
	// primary's time ends with its last byte that a client took. Added is what mirroring has cost the
	// requests of clients.
	Primary, Candidate, Secondary, Added Latency

	requests map[string]*traffic.Request
}

// Field is one field of one endpoint that differs in one way between the primary and others.
type Field struct {
	// Group has the answers in which the candidate differs and the secondary does not; with Noise, in which
	// either does.
	compare.Group

	// Both counts the answers in which candidate and secondary differ, Twin those in which only the
	// secondary does.
	Both, Twin int64
}

// Failed counts the requests to which the candidate gave no answer.
func (r *Report) Failed() (n int64) {
	for _, of := range r.CandidateFailures {
		n += of
	}
	return n
}

// Shed counts the requests that were not mirrored because there was no room.
func (r *Report) Shed() (n int64) {
	for reason, of := range r.Left {
		if reason.Shed() {
			n += of
		}
	}
	return n
}

// Request is that of a sample, or nil where it was not kept: the first 200 are, with bodies up to 64 KiB.
func (r *Report) Request(id string) *traffic.Request { return r.requests[id] }

// fields sorts the places that differ into differences and noise.
func (r *Report) fields(alone, both, twin []compare.Group) {
	all := map[field]*Field{}
	at := func(g compare.Group) *Field {
		key := field{g.Endpoint, place{g.Path, g.Kind}}
		if all[key] == nil {
			all[key] = &Field{Group: g}
			all[key].Count = 0
		}
		return all[key]
	}
	for _, g := range alone {
		at(g).Count = g.Count
	}
	for _, g := range both {
		at(g).Both = g.Count
	}
	for _, g := range twin {
		at(g).Twin = g.Count
	}
	for _, f := range all {
		if f.noise() {
			f.Count += f.Both + f.Twin
			r.Noise = append(r.Noise, *f)
		} else {
			r.Differences = append(r.Differences, *f)
		}
	}
	slices.SortFunc(r.Differences, worse)
	slices.SortFunc(r.Noise, worse)
}

func worse(a, b Field) int {
	return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Endpoint, b.Endpoint),
		cmp.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind))
}

// noise tells whether the secondary differs there and the candidate not more often than it. Of answers in
// which only one of the two differs, noise has as many on either side: McNemar's test, one-sided at 1 %, with
// Edwards' correction for continuity. A status that the candidate alone answers with is never noise.
func (f *Field) noise() bool {
	if f.Both+f.Twin == 0 || f.Kind == compare.Status && f.Count > 0 {
		return false
	}
	const oneInHundred = 2.326
	only := float64(f.Count - f.Twin)
	return only <= 0 || (only-1)/math.Sqrt(float64(f.Count+f.Twin)) < oneInHundred
}
