package gates

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/headgate-dev/headgate/gates/metric"
)

// comparator is the short form of a gate, as written.
type comparator struct {
	op      string // <= >= < > == != within true false
	at      int
	limit   amount
	floor   *amount // after or: the larger slack of the two counts
	ceiling *amount // after and: an absolute limit besides
}

const within = "within"

var comparisons = []string{"<=", ">=", "==", "!=", "<", ">"}

// word is a piece of a comparator with its place.
type word struct {
	text string
	at   int // in runes
}

func (w word) length() int { return max(1, runes(w.text)) }

func (w word) problem(hint, format string, args ...any) *problem {
	return &problem{at: w.at, length: w.length(), message: fmt.Sprintf(format, args...), hint: hint}
}

// words splits a comparator: at white space, after an operator, and so that a unit belongs to its
// number.
func words(s string) []word {
	var out []word
	var current []rune
	start := 0
	flush := func() {
		if len(current) > 0 {
			out = append(out, word{string(current), start})
		}
		current = nil
	}
	for i, r := range []rune(s) {
		operator := strings.ContainsRune("<>=!~&|", r)
		inOperator := len(current) > 0 && strings.ContainsRune("<>=!~&|", current[len(current)-1])
		if unicode.IsSpace(r) || len(current) > 0 && operator != inOperator {
			flush()
		}
		if unicode.IsSpace(r) {
			continue
		}
		if len(current) == 0 {
			start = i
		}
		current = append(current, r)
	}
	flush()
	return joinUnits(out)
}

// joinUnits makes one word of "64 MiB".
func joinUnits(in []word) []word {
	var out []word
	for _, w := range in {
		if n := len(out); n > 0 && slices.Contains(unitWords, w.text) && isDigits(out[n-1].text) {
			out[n-1].text += w.text
			continue
		}
		out = append(out, w)
	}
	return out
}

func isDigits(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return s != "" && strings.Trim(s, "0123456789.") == ""
}

// looksLikeComparator tells a comparator from an expression: no expression starts like one.
func looksLikeComparator(s string) bool {
	s = strings.TrimSpace(s)
	return s == "true" || s == "false" || s == within || strings.HasPrefix(s, within+" ") ||
		slices.ContainsFunc([]string{"<", ">", "=", "!="}, func(op string) bool { return strings.HasPrefix(s, op) })
}

// parseComparator reads a comparator's grammar. Whether it fits a metric is another question.
func parseComparator(s string) (*comparator, *problem) {
	ws := words(s)
	if len(ws) == 0 {
		return nil, &problem{length: 1, message: "there is no comparison", hint: `write for example ">= 0.98"`}
	}
	c := &comparator{op: ws[0].text, at: ws[0].at}
	if c.op == "true" || c.op == "false" {
		return c, trailing(ws[1:])
	}
	if p := checkOperator(ws[0]); p != nil {
		return nil, p
	}
	if len(ws) < 2 {
		return nil, ws[0].problem(`write for example ">= 0.98"`, "there is no limit after %s", c.op)
	}
	limit, p := parseAmount(ws[1])
	if p != nil {
		return nil, p
	}
	c.limit = limit
	return c, c.parseRest(ws[2:])
}

func checkOperator(w word) *problem {
	if w.text == within || slices.Contains(comparisons, w.text) {
		return nil
	}
	hint := "write one of " + strings.Join(comparisons, " ") + " within, or true or false"
	switch w.text {
	case "=":
		hint = "write =="
	case "=>", ">==":
		hint = "write >="
	case "=<", "<==":
		hint = "write <="
	}
	if _, p := parseAmount(w); p == nil {
		return w.problem(fmt.Sprintf(`write ">= %s" or "<= %s"`, w.text, w.text),
			"%s does not say how to compare", w.text)
	}
	return w.problem(hint, "%q is not a comparison", w.text)
}

// parseRest reads what follows the limit: "or" with a floor, "and" with a ceiling.
func (c *comparator) parseRest(ws []word) *problem {
	for len(ws) > 0 {
		join, rest := ws[0], ws[1:]
		if join.text != "or" && join.text != "and" {
			return trailing(ws)
		}
		if len(rest) > 0 && rest[0].text == c.op && join.text == "and" {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return join.problem("write for example <= +10% or +20ms", "there is no amount after %s", join.text)
		}
		a, p := parseAmount(rest[0])
		if p != nil {
			return p
		}
		if p := c.join(join, a); p != nil {
			return p
		}
		ws = rest[1:]
	}
	return nil
}

func (c *comparator) join(w word, a amount) *problem {
	switch {
	case w.text == "or" && c.floor == nil && c.ceiling == nil:
		c.floor = &a
	case w.text == "and" && c.ceiling == nil:
		c.ceiling = &a
	default:
		return w.problem("use the full form with expr for more", "a second %q is one too many here", w.text)
	}
	return nil
}

func trailing(ws []word) *problem {
	if len(ws) == 0 {
		return nil
	}
	hint := "remove it, or use the full form with expr"
	if ws[0].text == "&&" || ws[0].text == "||" {
		hint = "write and, or"
	}
	return ws[0].problem(hint, "%q is one too many here", ws[0].text)
}

// apply makes the comparator fit a metric. delta is set where the gate's name says that the limit counts
// from the baseline, so that a sign is not needed.
func (c *comparator) apply(t term, delta bool) *problem {
	if t.desc.Kind == metric.Flag || c.op == "true" || c.op == "false" {
		return c.applyFlag(t, delta)
	}
	for _, a := range []*amount{&c.limit, c.floor} {
		if a == nil {
			continue
		}
		if a.sign == 0 && (delta || c.op == within) {
			a.sign = 1
		}
		if p := a.fit(t); p != nil {
			return p
		}
	}
	if c.op == within {
		return c.applyWithin()
	}
	if p := c.applyPercent(t); p != nil {
		return p
	}
	if p := c.applyJoins(t); p != nil {
		return p
	}
	return c.applyDirection(t)
}

func (c *comparator) applyFlag(t term, delta bool) *problem {
	at := word{c.op, c.at}
	switch {
	case t.desc.Kind != metric.Flag:
		_, example := expected(t)
		return at.problem(`write for example "<= `+example+`"`,
			"%s is not true or false, it is measured in numbers", t.ref.Name)
	case c.op != "true" && c.op != "false":
		return at.problem(`write "true" or "false"`,
			"%s is true or false and cannot be compared with %s", t.ref.Name, c.op)
	case delta:
		return at.problem("leave out _delta", "%s is true or false and has no change to judge", t.ref.Name)
	}
	return nil
}

func (c *comparator) applyWithin() *problem {
	for _, a := range []*amount{&c.limit, c.floor} {
		if a != nil && a.sign < 0 {
			return a.problem("write it without the sign", "within goes both ways and takes no minus")
		}
	}
	if c.ceiling != nil {
		return c.ceiling.problem("use the full form with expr", "within takes no second limit after and")
	}
	return nil
}

func (a amount) problem(hint, format string, args ...any) *problem {
	return &problem{at: a.at, length: a.length, message: fmt.Sprintf(format, args...), hint: hint}
}

// applyPercent refuses percentages of which nobody can say what they are a part of.
func (c *comparator) applyPercent(t term) *problem {
	for _, a := range []*amount{&c.limit, c.floor, c.ceiling} {
		if a == nil || a.dimension != percent || a.sign != 0 {
			continue
		}
		sign := "+"
		if strings.HasPrefix(c.op, ">") {
			sign = "-"
		}
		if t.desc.Unit == metric.Ratio {
			return a.problem(fmt.Sprintf("write %s for the ratio, or %s%s for a change against the baseline",
				a.source(t), sign, a.text), "%s can be a ratio or a change against the baseline", a.text)
		}
		if t.desc.Unit == metric.Percent {
			return a.problem(fmt.Sprintf("write %s for the value, or %s%s for a change against the baseline",
				strings.TrimSuffix(a.text, "%"), sign, a.text),
				"%s can be a value or a change against the baseline", a.text)
		}
		return a.problem("write "+sign+a.text+" for a change against the baseline",
			"%s does not say of what: a percentage needs a sign", a.text)
	}
	return nil
}

func (c *comparator) applyJoins(t term) *problem {
	generous := c.op == "<=" && c.limit.sign > 0 || c.op == "<" && c.limit.sign > 0 ||
		c.op == ">=" && c.limit.sign < 0 || c.op == ">" && c.limit.sign < 0
	switch {
	case c.floor != nil && c.floor.sign == 0:
		return c.floor.problem("write and "+c.floor.text+" for a second limit, or give it the sign of the first",
			"after or stands a change against the baseline, with a sign")
	case c.floor != nil && (!generous || c.floor.sign != c.limit.sign):
		return c.floor.problem("write for example <= +10% or +20ms, or >= -5% or -20",
			"or joins two slacks of the same direction")
	case c.ceiling != nil && c.ceiling.sign != 0:
		return c.ceiling.problem("write or "+c.ceiling.text+" with its sign for a second slack, or leave out the sign",
			"after and stands a limit of its own, without a sign")
	case c.ceiling != nil && !c.limit.relative():
		return c.ceiling.problem("write the narrower limit alone",
			"and joins a change against the baseline and a limit")
	case c.ceiling != nil:
		return c.ceiling.fit(t)
	}
	return nil
}

// applyDirection refuses what asks for a change for the worse or for a change of exactly so much.
func (c *comparator) applyDirection(t term) *problem {
	if !c.limit.relative() {
		return nil
	}
	at := word{c.op, c.at}
	switch {
	case c.op == "==" || c.op == "!=":
		return at.problem("write within "+c.limit.text, "%s asks for a change of exactly %s", c.op, c.limit.text)
	case t.desc.Direction == metric.LowerIsBetter && strings.HasPrefix(c.op, ">") && c.limit.sign > 0:
		return at.problem("write <= +"+c.limit.text,
			"%s is better when lower: this passes only when it gets worse", t.ref.Name)
	case t.desc.Direction == metric.HigherIsBetter && strings.HasPrefix(c.op, "<") && c.limit.sign < 0:
		return at.problem("write >= -"+c.limit.text,
			"%s is better when higher: this passes only when it gets worse", t.ref.Name)
	}
	return nil
}
