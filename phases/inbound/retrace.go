package inbound

import (
	"context"
	"fmt"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// Find looks for a record in the traffic that would be replayed. The error names what is nearest.
func (p *Phase) Find(id string) (verify.Position, error) {
	if p.plan == nil {
		return verify.Position{}, &engine.Fault{
			Verdict: engine.Invalid, Err: fmt.Errorf("record %s: the run file has no replay", id),
		}
	}
	if at, ok := p.plan.Find(id); ok {
		return at, nil
	}
	var known []string
	for _, r := range p.plan.Set.Records() {
		known = append(known, r.ID)
	}
	hint := "ids stand in results.jsonl and diffs.jsonl of the run"
	if near := spec.Nearest(id, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	return verify.Position{}, &engine.Fault{
		Verdict: engine.Invalid, Err: fmt.Errorf("record %s is not in the traffic that is replayed", id), Hint: hint,
	}
}

// Retrace sends the requests of a session up to a record to the application, which must be up. last is
// called before the record's own request.
func (p *Phase) Retrace(
	ctx context.Context, r *engine.Run, at verify.Position, last func(),
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
