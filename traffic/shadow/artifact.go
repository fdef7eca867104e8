package shadow

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// artifact is the written form of a [Report].
type artifact struct {
	Version           int               `json:"version"`
	Verdict           Verdict           `json:"verdict"`
	Why               string            `json:"why"`
	Began             time.Time         `json:"began"`
	Seconds           float64           `json:"seconds"`
	Requests          int64             `json:"requests"`
	Mirrored          int64             `json:"mirrored"`
	NotMirrored       map[Reason]int64  `json:"not_mirrored"`
	Shed              int64             `json:"shed"`
	Compared          int64             `json:"compared"`
	Matched           int64             `json:"matched"`
	Noisy             int64             `json:"noisy"`
	Differed          int64             `json:"differed"`
	NotCompared       map[string]int64  `json:"not_compared"`
	CandidateFailures map[string]int64  `json:"candidate_failures"`
	SecondaryFailures int64             `json:"secondary_failures"`
	Last              map[string]string `json:"last_failures"`
	Latency           map[string]timing `json:"latency_ms"`
	Differences       []writtenField    `json:"differences"`
	Noise             []writtenField    `json:"noise"`
	Unlisted          int64             `json:"differences_not_listed"`
	Rules             []writtenRule     `json:"rules"`
}

// timing is a [Latency] in milliseconds.
type timing struct {
	N   int64   `json:"n"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

type writtenField struct {
	Endpoint string       `json:"endpoint"`
	Path     string       `json:"path"`
	Kind     compare.Kind `json:"kind"`
	Count    int64        `json:"count"`
	Of       int64        `json:"of"`
	// SecondaryCount is in how many answers the secondary differs.
	SecondaryCount int64           `json:"secondary_count"`
	Samples        []writtenSample `json:"samples"`
	Rule           string          `json:"rule,omitempty"`
}

type writtenSample struct {
	ID       string `json:"id"`
	Path     string `json:"path"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	Curl     string `json:"curl,omitempty"`
}

type writtenRule struct {
	Key     string `json:"key"`
	Matched int64  `json:"matched"`
	Excused int64  `json:"excused"`
}

// JSON is the report as a file: counts, fields with samples, latencies in milliseconds. curl makes a command
// of the request of a sample.
func (r *Report) JSON(curl func(*traffic.Request) string) ([]byte, error) {
	a := artifact{
		Version: 1, Began: r.Began.UTC(), Seconds: r.Took.Seconds(), Requests: r.Requests, Mirrored: r.Mirrored,
		NotMirrored: r.Left, Shed: r.Shed(), Compared: r.Compared, Matched: r.Matched, Noisy: r.Noisy,
		Differed: r.Differed, NotCompared: r.Uncompared, CandidateFailures: r.CandidateFailures,
		SecondaryFailures: r.SecondaryFailed, Unlisted: r.Unlisted,
		Last: map[string]string{
			"primary": r.LastPrimaryFailure, "candidate": r.LastCandidateFailure, "secondary": r.LastSecondaryFailure,
		},
		Latency: map[string]timing{
			"primary": timed(r.Primary), "candidate": timed(r.Candidate), "secondary": timed(r.Secondary),
			"added_by_mirroring": timed(r.Added),
		},
		Differences: r.written(r.Differences, curl), Noise: r.written(r.Noise, curl),
		Rules: []writtenRule{},
	}
	a.Verdict, a.Why = r.Verdict()
	for _, use := range r.Rules {
		a.Rules = append(a.Rules, writtenRule(use))
	}
	text, err := json.MarshalIndent(a, "", "  ")
	return append(text, '\n'), err
}

func (r *Report) written(fields []Field, curl func(*traffic.Request) string) []writtenField {
	list := []writtenField{}
	for _, f := range fields {
		w := writtenField{
			Endpoint: f.Endpoint, Path: f.Path, Kind: f.Kind, Count: f.Count, Of: f.Of,
			SecondaryCount: f.Both + f.Twin, Samples: []writtenSample{},
			Rule: strings.TrimPrefix(f.Suggestion(), "replay.compare."),
		}
		for _, s := range f.Samples {
			sample := writtenSample{s.RecordID, s.Path, s.Expected, s.Actual, ""}
			if request := r.Request(s.RecordID); request != nil {
				sample.Curl = curl(request)
			}
			w.Samples = append(w.Samples, sample)
		}
		list = append(list, w)
	}
	return list
}

func timed(l Latency) timing {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	return timing{N: l.N, P50: ms(l.P50), P95: ms(l.P95), P99: ms(l.P99), Max: ms(l.Max)}
}
