package shadow

import (
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// finding is what the answers to one request have shown.
type finding struct {
	id, endpoint string
	request      *traffic.Request
	// The differences are those of the candidate that the secondary does not have, those that both have, and
	// those of the secondary that the candidate does not have.
	alone, both, twin compare.Outcome
}

// unlike is why nothing but the status of an answer is known.
const unlike = "the secondary answers with another status, too"

// place is a field that differs in one way.
type place struct {
	path string
	kind compare.Kind
}

func (v *finding) split(o, noise *compare.Outcome) {
	v.alone, v.both, v.twin = *o, *o, *o
	theirs, ours := places(noise), places(o)
	if !o.StatusMatched && theirs[place{"status", compare.Status}] {
		v.alone.NotCompared = unlike
	}
	v.alone.Differences = pick(o, func(at place) bool { return !theirs[at] })
	v.both.Differences = pick(o, func(at place) bool { return theirs[at] })
	v.twin.Differences = pick(noise, func(at place) bool { return !ours[at] })
}

func places(o *compare.Outcome) map[place]bool {
	all := make(map[place]bool, len(o.Differences))
	for _, d := range o.Differences {
		all[place{d.Group, d.Kind}] = true
	}
	return all
}

func pick(o *compare.Outcome, which func(place) bool) (list []compare.Difference) {
	for _, d := range o.Differences {
		if which(place{d.Group, d.Kind}) {
			list = append(list, d)
		}
	}
	return list
}
