package shadow

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic/compare"
)

// What the secondary answers differently, too, is noise; what only the candidate does is not.
func TestNoise(t *testing.T) {
	var clock atomic.Int64
	build := func(price int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			answering(fmt.Sprintf(`{"at":%d,"price":%d}`, clock.Add(1), price))(w, r)
		}
	}
	second := serve(t, build(10))
	s := newStand(t, build(10), build(11), func(o *Options) { o.Secondary = second })
	for range 5 {
		s.do("GET", "/prices", "")
	}
	r := s.finish()
	if diff := cmp.Diff([]string{"GET /prices $.price value 5 of 5"}, told(r.Differences)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"GET /prices $.at value 5 of 5"}, told(r.Noise)); diff != "" {
		t.Error(diff)
	}
	if r.Differed != 5 || r.Noisy != 0 || r.Secondary.N != 5 {
		t.Errorf("report %+v", r)
	}
	if n := strings.Count(s.diffs.String(), `"noise":true`); n != 5 {
		t.Errorf("%d differences are marked as noise:\n%s", n, s.diffs.String())
	}
}

func TestOnlyNoise(t *testing.T) {
	var clock atomic.Int64
	build := func(w http.ResponseWriter, r *http.Request) {
		answering(fmt.Sprintf(`{"at":%d}`, clock.Add(1)))(w, r)
	}
	second := serve(t, http.HandlerFunc(build))
	s := newStand(t, http.HandlerFunc(build), http.HandlerFunc(build), func(o *Options) { o.Secondary = second })
	s.do("GET", "/", "")
	r := s.finish()
	if r.Noisy != 1 || r.Differed != 0 || len(r.Differences) != 0 || len(r.Noise) != 1 {
		t.Errorf("report %+v", r)
	}
}

func TestSecondaryDown(t *testing.T) {
	s := newStand(t, answering(`{"a":1}`), answering(`{"a":2}`), func(o *Options) {
		o.Secondary, _ = url.Parse("http://127.0.0.1:1")
	})
	s.do("GET", "/", "")
	r := s.finish()
	if r.SecondaryFailed != 1 || r.LastSecondaryFailure == "" || r.Differed != 1 || len(r.Differences) != 1 {
		t.Errorf("report %+v", r)
	}
}

func TestFieldNoise(t *testing.T) {
	cases := map[string]struct {
		alone, both, twin int64
		want              bool
	}{
		"never in the secondary":            {1, 0, 0, false},
		"always in both":                    {0, 100, 0, true},
		"as often on either side":           {30, 12, 28, true},
		"a little more often":               {6, 10, 2, true},
		"much more often":                   {70, 30, 0, false},
		"in a few more of many":             {1100, 0, 1000, true},
		"in clearly more of many":           {1200, 0, 1000, false},
		"only in the secondary":             {0, 0, 3, true},
		"often, where the secondary is low": {50, 1, 1, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := Field{Group: compare.Group{Count: c.alone}, Both: c.both, Twin: c.twin}
			if got := f.noise(); got != c.want {
				t.Errorf("noise is %v", got)
			}
		})
	}
}

func TestMirrorHost(t *testing.T) {
	for host, want := range map[string]string{
		"api.example.com": "api.example.com-shadow", "api.example.com:8080": "api.example.com-shadow:8080",
		"[::1]:80": "[::1]-shadow:80", "[::1]": "[::1]-shadow",
	} {
		if got := mirrorHost(host, "-shadow"); got != want {
			t.Errorf("%s becomes %s, expected %s", host, got, want)
		}
	}
}

// Where the secondary does not even answer with the status of the primary, nothing is compared.
func TestUnlikeSecondary(t *testing.T) {
	refusing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	second := serve(t, refusing)
	s := newStand(t, answering(`{"a":1}`), refusing, func(o *Options) { o.Secondary = second })
	for range 3 {
		s.do("GET", "/", "")
	}
	r := s.finish()
	verdict, _ := r.Verdict()
	if r.Compared != 0 || r.Uncompared[unlike] != 3 || verdict != Inconclusive || !r.Unknown() {
		t.Errorf("%s; report %+v", verdict, r)
	}
}

func TestVerdict(t *testing.T) {
	one := []Field{{}}
	cases := map[string]struct {
		report Report
		want   Verdict
	}{
		"no requests":         {Report{}, Inconclusive},
		"nothing compared":    {Report{Requests: 3, Mirrored: 3}, Inconclusive},
		"alike":               {Report{Requests: 3, Mirrored: 3, Compared: 3, Matched: 3}, Passed},
		"noise":               {Report{Requests: 3, Mirrored: 3, Compared: 3, Noisy: 3, Noise: one}, Passed},
		"a difference":        {Report{Requests: 3, Mirrored: 3, Compared: 3, Differed: 1, Differences: one}, Failed},
		"too little compared": {Report{Requests: 9, Mirrored: 9, Compared: 4, Matched: 4}, Inconclusive},
		"too much shed": {
			Report{Requests: 9, Mirrored: 4, Compared: 4, Matched: 4, Left: map[Reason]int64{QueueFull: 5}}, Inconclusive,
		},
		"left out by choice": {
			Report{Requests: 9, Mirrored: 4, Compared: 4, Matched: 4, Left: map[Reason]int64{Method: 5}}, Passed,
		},
		"sampled": {Report{Requests: 99, Mirrored: 9, Compared: 9, Matched: 9}, Passed},
		"an answer missing": {
			Report{Requests: 3, Mirrored: 3, Compared: 2, CandidateFailures: map[string]int64{"timed out": 1}}, Failed,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, why := c.report.Verdict(); got != c.want || why == "" {
				t.Errorf("%s: %s", got, why)
			}
		})
	}
}

func TestStatusIsNoNoise(t *testing.T) {
	for kind, noise := range map[compare.Kind]bool{compare.Status: false, compare.Value: true} {
		f := Field{Group: compare.Group{Kind: kind, Count: 7}, Both: 3, Twin: 6}
		if f.noise() != noise {
			t.Errorf("%s: noise is %v", kind, f.noise())
		}
	}
}
