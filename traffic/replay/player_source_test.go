package replay

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Requests that the ceiling keeps apart are due when it lets them pass: they are not late.
func TestPlayRateMovesDueTimes(t *testing.T) {
	tests := map[string]struct {
		pacing   Pacing
		sessions []string
		want     map[string]time.Duration
	}{
		"as recorded": {
			Pacing{Rate: 2, Concurrency: 3},
			[]string{"0 0", "0.1", "9"},
			map[string]time.Duration{"0.0": 0, "0.1": 500e6, "1.0": 1e9, "2.0": 9e9},
		},
		"max": {
			Pacing{Rate: 2, Scale: Max()},
			[]string{"0 3 4"},
			map[string]time.Duration{"0.0": 0, "0.1": 500e6, "0.2": 1e9},
		},
		"not met": {Pacing{Rate: 1000}, []string{"0 1"}, map[string]time.Duration{"0.0": 0, "0.1": 1e9}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got results
				p := Player{Sender: &sender{}, Pacing: test.pacing}
				if err := p.Play(t.Context(), Of(setOf(t, test.sessions...)), Hooks{OnResult: got.add}.Follow); err != nil {
					t.Fatal(err)
				}
				due := map[string]time.Duration{}
				for id, r := range got.m {
					due[id] = r.Due
					if r.Lateness != 0 {
						t.Errorf("%s is late by %s", id, r.Lateness)
					}
				}
				// Of requests due at the same moment any may go first.
				if diff := cmp.Diff(slices.Sorted(maps.Values(test.want)), slices.Sorted(maps.Values(due))); diff != "" {
					t.Errorf("due (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// failing is a source that breaks off.
type failing struct {
	Source
	sessions int
}

var errDisk = errors.New("the disk is gone")

func (f *failing) Next() (Session, error) {
	if f.sessions--; f.sessions < 0 {
		return nil, errDisk
	}
	s, err := f.Source.Next()
	return &failingSession{Session: s}, err
}

type failingSession struct {
	Session
	n int
}

func (f *failingSession) Next(s *Step) error {
	if f.n++; f.n > 2 {
		return errDisk
	}
	return f.Session.Next(s)
}

func TestPlaySourceFails(t *testing.T) {
	for name, c := range map[string]struct {
		sessions int
		want     []string
	}{
		"at a session": {1, []string{"0.0"}},
		"in a session": {9, []string{"0.0", "1.0", "1.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got results
			p := Player{Sender: &sender{}, Pacing: Pacing{Scale: Max(), Concurrency: 1}}
			source := &failing{Of(setOf(t, "0", "0 1 2 3")), c.sessions}
			err := p.Play(t.Context(), source, Hooks{OnResult: got.add}.Follow)
			if diff := cmp.Diff(c.want, slices.Sorted(maps.Keys(got.m))); diff != "" || !errors.Is(err, errDisk) {
				t.Errorf("%v, results (-want +got):\n%s", err, diff)
			}
		})
	}
}
