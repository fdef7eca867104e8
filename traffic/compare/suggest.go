package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Suggestion is the one line to add to a run file so that a difference like those of the group counts
// as none: the narrowest rule that all samples allow. It is empty where no rule can say so, such as for
// another status: then the recording has to be made again.
func (g Group) Suggestion() string {
	switch {
	case g.Kind == Header:
		name := strings.TrimPrefix(g.Path, "header.")
		return g.scoped(fmt.Sprintf("ignore: {headers: [%s]}", name))
	case !strings.HasPrefix(g.Path, "$"), g.Kind == Status, g.Kind == NotJSON, g.Kind == Bytes:
		return ""
	case g.Kind == Order:
		return fmt.Sprintf("replay.compare.unordered: {%s: true}", strconv.Quote(g.rulePath()))
	case g.Kind == Extra && !strings.HasSuffix(g.Path, "[]"):
		return g.scoped("extra_fields: allow")
	case g.Kind == Value:
		return g.valueRule()
	}
	return g.ignoring()
}

// scoped makes a rule that holds for the group's endpoint only, as it is a wide one.
func (g Group) scoped(rule string) string {
	return fmt.Sprintf("replay.compare.endpoints: {%s: {%s}}", strconv.Quote(g.Endpoint), rule)
}

// rulePath is the group's path in the grammar of rules.
func (g Group) rulePath() string { return strings.ReplaceAll(g.Path, "[]", "[*]") }

// ignoring leaves the field out; of an array that has more or fewer elements, the whole.
func (g Group) ignoring() string {
	at := strings.ReplaceAll(strings.TrimSuffix(g.Path, "[]"), "[]", "[*]")
	if p, err := compilePath(at); err != nil || p.everything() {
		return ""
	}
	return g.scoped(fmt.Sprintf("ignore: {json: [%s]}", strconv.Quote(at)))
}

// valueRule is the narrowest form that the recorded and the actual values share.
func (g Group) valueRule() string {
	pairs := g.pairs()
	p, err := compilePath(g.rulePath())
	if len(pairs) == 0 || err != nil {
		return g.ignoring()
	}
	for _, name := range []string{UUID, Datetime} {
		if sharedShape(Matcher{Type: name}, pairs) {
			return g.matching(name)
		}
	}
	if p.everything() {
		return ""
	}
	if slack, ok := smallSlack(pairs); ok {
		return fmt.Sprintf("replay.compare.tolerate: {%s: %s}", strconv.Quote(g.rulePath()), slack)
	}
	if form := alphabet(pairs); form != "" {
		return g.matching("{regex: " + strconv.Quote(form) + "}")
	}
	for _, name := range []string{Integer, Number, String} {
		if sharedShape(Matcher{Type: name}, pairs) {
			return g.scoped(fmt.Sprintf("match: {%s: %s}", strconv.Quote(g.rulePath()), name))
		}
	}
	return g.ignoring()
}

func (g Group) matching(form string) string {
	return fmt.Sprintf("replay.compare.match: {%s: %s}", strconv.Quote(g.rulePath()), form)
}

// pairs are the samples as values; none if one of them is no scalar or was cut.
func (g Group) pairs() [][2]*value {
	var list [][2]*value
	for _, s := range g.Samples {
		recorded, actual := scalar(s.Expected), scalar(s.Actual)
		if recorded == nil || actual == nil {
			return nil
		}
		list = append(list, [2]*value{recorded, actual})
	}
	return list
}

func scalar(text string) *value {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return nil
	}
	switch v := v.(type) {
	case string:
		return &value{kind: stringKind, text: v}
	case json.Number:
		return &value{kind: numberKind, text: v.String()}
	}
	return nil
}

func sharedShape(m Matcher, pairs [][2]*value) bool {
	form, err := newShape(m)
	if err != nil {
		return false
	}
	for _, p := range pairs {
		if recorded := form(p[0]); recorded == "" || recorded != form(p[1]) {
			return false
		}
	}
	return true
}

// smallSlack is the largest distance between numbers that differ by at most a twentieth.
func smallSlack(pairs [][2]*value) (string, bool) {
	const share = 0.05
	widest := 0.0
	for _, p := range pairs {
		a, errA := strconv.ParseFloat(p[0].text, 64)
		b, errB := strconv.ParseFloat(p[1].text, 64)
		distance := math.Abs(a - b)
		if p[0].kind != numberKind || errA != nil || errB != nil || !(distance <= share*math.Abs(a)) {
			return "", false
		}
		widest = max(widest, distance)
	}
	const digits = 12 // what binary fractions leave of a decimal's distance
	return strconv.FormatFloat(widest, 'g', digits, 64), widest > 0
}

// alphabet is a regular expression for issued values: texts with a common beginning and, behind it,
// digits or digits and letters of the same alphabet. It is empty where the texts are anything else.
func alphabet(pairs [][2]*value) string {
	var texts []string
	for _, p := range pairs {
		if p[0].kind != stringKind {
			return ""
		}
		texts = append(texts, p[0].text, p[1].text)
	}
	prefix := commonStem(texts)
	length := "{" + strconv.Itoa(len(texts[0])-len(prefix)) + "}"
	var chars strings.Builder
	for _, t := range texts {
		rest := t[len(prefix):]
		if len(rest) < 4 || !strings.ContainsAny(rest, "0123456789") {
			return ""
		}
		if len(t) != len(texts[0]) {
			length = "+"
		}
		chars.WriteString(rest)
	}
	for _, class := range []string{"0-9", "0-9a-f", "0-9a-z", "0-9A-Z", "0-9A-Za-z"} {
		if within(chars.String(), class) {
			return "^" + prefix + "[" + class + "]" + length + "$"
		}
	}
	return ""
}

// commonStem is what all texts begin with, up to a _ or - and of nothing but letters and those.
func commonStem(texts []string) string {
	stem := texts[0]
	for _, t := range texts[1:] {
		for !strings.HasPrefix(t, stem) {
			stem = stem[:len(stem)-1]
		}
	}
	stem = stem[:strings.LastIndexAny(stem, "_-")+1]
	if !within(strings.NewReplacer("_", "", "-", "").Replace(stem), "A-Za-z") {
		return ""
	}
	return stem
}

// within tells whether the text has no characters but those of the ranges.
func within(text, ranges string) bool {
	for _, c := range []byte(text) {
		ok := false
		for i := 0; i+2 < len(ranges); i += 3 {
			ok = ok || c >= ranges[i] && c <= ranges[i+2]
		}
		if !ok {
			return false
		}
	}
	return true
}
