package inbound

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/transform"
)

const carriageFile = "correlation.json"

// tellCarriage notes what was carried from answers into later requests, and what looks as if it had to be. All
// of it is in a file.
func (p *Phase) tellCarriage(r *engine.Run) {
	report := p.trial.Carriage()
	sources, ambiguous := report.Sources(), report.Ambiguous()
	transformed := transformed(p.plan.Traffic.Transforms)
	left := slices.DeleteFunc(report.Left(), func(u correlate.Use) bool { return slices.Contains(transformed, u.Place) })
	if len(sources)+len(left)+len(ambiguous)+len(report.Missed()) == 0 {
		return
	}
	if values, uses := carried(sources); uses > 0 {
		r.Note(engine.Replay, "values carried from answers into later requests: %d times, issued at %s (%s)",
			uses, places(values), carriageFile)
	}
	if len(ambiguous) > 0 {
		r.Note(engine.Replay, "values that one answer has at two places became two; left is the one at %s", places(ambiguous))
	}
	if len(left) > 0 {
		r.Note(engine.Replay, "sent as recorded, as no earlier answer of their session has them, though they look issued: %s",
			places(left))
	}
	if err := writeCarriage(r, report); err != nil {
		r.Note(engine.Replay, "%v", err)
	}
}

// transformed are the places of requests whose values transforms have set: they are not as recorded.
func transformed(list []transform.Config) (places []string) {
	header := func(name string) { places = append(places, "header."+http.CanonicalHeaderKey(name)) }
	for _, t := range list {
		if t.Token != nil {
			header(t.Token.Header)
		}
		if t.UserTokens != nil {
			header(t.UserTokens.Header)
		}
		if t.JWT != nil {
			header(t.JWT.Header)
		}
		for name := range t.SetHeader {
			header(name)
		}
		if t.Cookies != nil {
			for name := range t.Cookies.Set {
				places = append(places, "cookie."+name)
			}
		}
	}
	return places
}

// carried are the places whose values were put into requests, and how often that was.
func carried(sources []correlate.Source) (at []correlate.Use, total int) {
	for _, s := range sources {
		n := 0
		for _, u := range s.UsedIn {
			n += u.Count
		}
		if n > 0 {
			at = append(at, correlate.Use{Site: s.Site, Count: n})
		}
		total += n
	}
	return at, total
}

// places names the first of some places.
func places(list []correlate.Use) string {
	const most = 3
	var named []string
	for _, u := range list[:min(len(list), most)] {
		named = append(named, fmt.Sprintf("%s (%d)", u.Site, u.Count))
	}
	if more := len(list) - most; more > 0 {
		named = append(named, fmt.Sprintf("and %d more places", more))
	}
	return strings.Join(named, ", ")
}

func writeCarriage(r *engine.Run, report *correlate.Report) error {
	path, err := r.ArtifactPath(carriageFile)
	if err != nil {
		return err
	}
	src, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", carriageFile, err)
	}
	return os.WriteFile(path, append(src, '\n'), 0o644) //nolint:gosec // as all files of the run
}
