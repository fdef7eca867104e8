package engine

import (
	"slices"

	"github.com/headgate-dev/headgate/gates"
)

// scoreboard keeps the last judgement of each gate, in the order in which they were first judged.
type scoreboard struct {
	order  []gateKey
	latest map[gateKey]gates.Result
}

type gateKey struct{ phase, subject, name string }

func keyOf(r gates.Result) gateKey { return gateKey{r.Phase, r.Subject, r.Name} }

func newScoreboard() *scoreboard { return &scoreboard{latest: map[gateKey]gates.Result{}} }

// record takes a judgement and tells whether it says something new. A gate of the environment that
// was decided on evidence stays decided when a later snapshot has none: a mock that this part of the
// traffic does not call has not become worse.
func (s *scoreboard) record(r gates.Result) bool {
	key := keyOf(r)
	before, known := s.latest[key]
	if !known {
		s.order = append(s.order, key)
	}
	environment := r.Phase == Backends || r.Phase == Sut
	if known && environment && r.Outcome == gates.Inconclusive && r.Reason == gates.NoData {
		return false
	}
	s.latest[key] = r
	return !known || before.Outcome != r.Outcome
}

// blocking returns the gate that keeps the run from being promoted out of the phase: the worst one.
func (s *scoreboard) blocking() *gates.Result {
	var worst *gates.Result
	for _, key := range s.order {
		r := s.latest[key]
		if !blocks(r) {
			continue
		}
		if worst == nil || gates.Worse(r.Outcome, worst.Outcome) {
			worst = &r
		}
	}
	return worst
}

func blocks(r gates.Result) bool {
	bad := []gates.Outcome{gates.Failed, gates.Errored, gates.Inconclusive}
	return r.Severity == gates.Enforce && slices.Contains(bad, r.Outcome)
}

func (s *scoreboard) worst(phase string) gates.Outcome {
	var list []gates.Result
	for _, key := range s.order {
		if key.phase == phase {
			list = append(list, s.latest[key])
		}
	}
	if len(list) == 0 {
		return gates.Passed
	}
	return gates.Worst(list)
}

// forget drops the judgements of phases that are tried again.
func (s *scoreboard) forget(phases []string) {
	for _, key := range s.order {
		if slices.Contains(phases, key.phase) {
			delete(s.latest, key)
		}
	}
	s.order = slices.DeleteFunc(s.order, func(k gateKey) bool { return slices.Contains(phases, k.phase) })
}

// all lists the judgements, with those that were not reached behind them.
func (s *scoreboard) all(unreached []gates.Result) []gates.Result {
	list := make([]gates.Result, 0, len(s.order)+len(unreached))
	for _, key := range s.order {
		list = append(list, s.latest[key])
	}
	for _, r := range unreached {
		if _, judged := s.latest[keyOf(r)]; !judged {
			list = append(list, r)
		}
	}
	return list
}
