package junit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

const (
	// maxText bounds each text: consumers cut or refuse larger ones.
	maxText = 64 << 10
	// maxHeadline bounds a message, in bytes.
	maxHeadline = 1 << 10
	// worst is how many differences stand under a gate or an endpoint.
	worst = 10
)

// explain tells all that is known about a gate's outcome.
func (b *builder) explain(g gates.Result) string {
	var t strings.Builder
	fmt.Fprintf(&t, "gate:     %s (%s)\nexpr:     %s\n", g.Label(), g.Source, g.Expr)
	for _, f := range []struct {
		name  string
		value *float64
	}{{"measured", g.Value}, {"limit", g.Limit}, {"baseline", g.Baseline}} {
		if f.value != nil {
			fmt.Fprintf(&t, "%-9s %s\n", f.name+":", g.Unit.Format(*f.value))
		}
	}
	if g.Interval != nil {
		fmt.Fprintf(&t, "ratio:    %.4g to %.4g of the baseline (90 %% interval)\n", g.Interval[0], g.Interval[1])
	}
	fmt.Fprintf(&t, "n:        %d\n", g.N)
	if g.Detail != "" {
		fmt.Fprintf(&t, "detail:   %s\n", g.Detail)
	}
	for _, s := range g.Tree {
		fmt.Fprintf(&t, "%s%s = %s\n", strings.Repeat("  ", s.Depth+1), s.Expr, s.Value)
	}
	t.WriteString(b.evidence(g.Family))
	return t.String()
}

// evidence is what a failed gate of the family is most likely about.
func (b *builder) evidence(family string) string {
	switch family {
	case "status", "body":
		return differences(b.rep.Differences)
	case "mock", "side_effect":
		return calls(b.rep.Mocks)
	}
	return ""
}

func differences(list []engine.DifferenceReport) string {
	var t strings.Builder
	for i, d := range list {
		if i == worst {
			fmt.Fprintf(&t, "%d more in verdict.json\n", len(list)-i)
			break
		}
		t.WriteString(d.Sentence() + "\n")
		for _, s := range d.Samples {
			fmt.Fprintf(&t, "  %s: recorded %s, got %s\n", s.Record, s.Expected, s.Actual)
			if s.Curl != "" {
				fmt.Fprintf(&t, "  %s\n", s.Curl)
			}
		}
	}
	return t.String()
}

func calls(mocks []engine.MockReport) string {
	var t strings.Builder
	for _, m := range mocks {
		for i, miss := range m.Misses {
			if i == worst {
				fmt.Fprintf(&t, "%s: %d more misses in verdict.json\n", m.Name, len(m.Misses)-i)
				break
			}
			fmt.Fprintf(&t, "%s: no stub answers %s (%dx)", m.Name, miss.Request, miss.Count)
			if miss.Nearest != "" {
				fmt.Fprintf(&t, ", nearest is %s, which differs in %s", miss.Nearest, strings.Join(miss.Differs, ", "))
			}
			t.WriteByte('\n')
		}
		for i, c := range m.Calls {
			if i == worst {
				fmt.Fprintf(&t, "%s: %d more in verdict.json\n", m.Name, len(m.Calls)-i)
				break
			}
			fmt.Fprintf(&t, "%s: %s recorded %d, made %d\n", m.Name, c.Endpoint, c.Recorded, c.Made)
		}
	}
	return t.String()
}

// summary says in one line how an endpoint answered.
func (b *builder) summary(e engine.EndpointReport) string {
	var parts []string
	for _, r := range []struct {
		name  string
		value *float64
	}{{"status", e.StatusPassRate}, {"whole answer", e.ResponseMatchRate}, {"fields", e.BodyMatchRate}} {
		if r.value != nil {
			parts = append(parts, fmt.Sprintf("%s %.4g %%", r.name, *r.value*100))
		}
	}
	return fmt.Sprintf("as recorded in %d requests: %s", e.Requests, strings.Join(parts, ", "))
}

func (b *builder) answers(e engine.EndpointReport) string {
	own := slices.DeleteFunc(slices.Clone(b.rep.Differences), func(d engine.DifferenceReport) bool {
		return d.Endpoint != e.Endpoint
	})
	return b.summary(e) + "\n" + differences(own)
}

// cause tells why a run ended as it did and what to do about it.
func (b *builder) cause() string {
	lines := []string{b.rep.Cause}
	if b.rep.Hint != "" {
		lines = append(lines, "hint: "+b.rep.Hint)
	}
	lines = append(lines, b.rep.Details...)
	if b.rep.Reproduce != "" {
		lines = append(lines, "reproduce: "+b.rep.Reproduce)
	}
	return strings.Join(lines, "\n")
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]")

// clean takes out colour codes and every character that XML 1.0 does not allow (section 2.2), and bounds
// the length.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff || r == utf8.RuneError:
			return -1
		}
		return r
	}, escapes.ReplaceAllString(s, ""))
	return cut(s, maxText)
}

// headline is a text for an attribute: one line, and a short one.
func headline(s string) string {
	return cut(strings.Join(strings.Fields(clean(s)), " "), maxHeadline)
}

// cut bounds a text to n bytes and says that there was more.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const more = "... (cut)"
	end := n - len(more)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + more
}
