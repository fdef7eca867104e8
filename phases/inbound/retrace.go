package inbound

import (
	"context"
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// Find looks for a record in the traffic that would be replayed. The error names what is nearest.
func (p *Phase) Find(id string) (recording.Position, error) {
	if p.plan == nil {
		return recording.Position{}, &engine.Fault{
			Verdict: engine.Invalid, Err: fmt.Errorf("record %s: the run file has no replay", id),
		}
	}
	at, ok, err := p.plan.Find(id)
	if ok || err != nil {
		return at, err
	}
	near, err := p.nearest(id)
	if err != nil {
		return at, err
	}
	hint := "ids stand in results.jsonl and diffs.jsonl of the run"
	if near != "" {
		hint = "did you mean " + near + "?"
	}
	return recording.Position{}, &engine.Fault{
		Verdict: engine.Invalid, Err: fmt.Errorf("record %s is not in the traffic that is replayed", id), Hint: hint,
	}
}

// nearest is the id of a record that the given one may be a misspelling of.
func (p *Phase) nearest(id string) (string, error) {
	const atOnce = 1000
	var known []string
	err := p.plan.Each(func(_ string, r *traffic.Record) error {
		if known = append(known, r.ID); len(known) == atOnce {
			known = append(known[:0], spec.Nearest(id, known))
		}
		return nil
	})
	return spec.Nearest(id, known), err
}

// Retrace sends the requests of a session up to a record to the application, which must be up. last is
// called before the record's own request.
func (p *Phase) Retrace(
	ctx context.Context, r *engine.Run, at recording.Position, last func(),
) ([]verify.Exchange, error) {
	target, err := p.target(r)
	if err != nil {
		return nil, err
	}
	env := verify.Env{Target: target, Played: r.Played, Clock: r.Clock, Seed: r.Seed}
	return p.plan.Retrace(ctx, env, at, last)
}

// Suggestion is the line to add to the run file if a difference is meant.
func Suggestion(endpoint, record string, d compare.Difference) string {
	return compare.Group{
		Endpoint: endpoint, Path: d.Group, Kind: d.Kind, Count: 1, Of: 1,
		Samples: []compare.Sample{{RecordID: record, Path: d.Path, Expected: d.Expected, Actual: d.Actual}},
	}.Suggestion()
}

// Curl is a command that sends a request again to the base URL in $TARGET, with secrets left out.
func Curl(r *traffic.Request) string {
	const base = "$TARGET"
	return strings.Replace(compare.Curl(concealed(r), base), "'"+base, `"`+base+`"'`, 1)
}
