package difftest

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// sampler makes values for patterns. Which of them match is for WireMock to say: the first is meant to,
// the others are meant to lie close on either side.
type sampler struct {
	now time.Time
}

// values are samples of a name that can have several values; nil stands for a name that is absent.
func (s sampler) values(pattern map[string]any) [][]string {
	if many := list(pattern["hasExactly"]); many != nil {
		return s.many(many)
	}
	if many := list(pattern["includes"]); many != nil {
		return s.many(many)
	}
	var out [][]string
	texts := s.texts(pattern)
	for _, t := range texts {
		out = append(out, []string{t})
	}
	if pattern["absent"] != nil {
		return append([][]string{nil}, out...)
	}
	first := texts[0]
	return append(out, nil, []string{first, "other"}, []string{"other", first}, []string{first, first})
}

func (s sampler) many(patterns []any) [][]string {
	var all []string
	for _, p := range patterns {
		all = append(all, s.texts(object(p))[0])
	}
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	return [][]string{
		all, reversed, all[1:], all[:1], nil, append(slices.Clone(all), "other"),
		append(slices.Clone(all), all[0]),
		{strings.Join(all, ",")},
		{strings.Join(all, ", ")},
		slices.Repeat(all[:1], len(all)),
	}
}

// texts are samples of one text, at least one.
func (s sampler) texts(pattern map[string]any) []string {
	var out []string
	for _, k := range []struct {
		name string
		draw func(p map[string]any, v any) []string
	}{
		{"equalTo", equalSamples},
		{"contains", containSamples},
		{"doesNotContain", containSamples},
		{"matches", regexSamples},
		{"doesNotMatch", regexSamples},
		{"binaryEqualTo", binarySamples},
		{"equalToJson", jsonSamples},
		{"matchesJsonPath", s.pathSamples},
		{"equalToXml", xmlSamples},
		{"matchesJsonSchema", schemaSamples},
		{"matchesXPath", s.xpathSamples},
		{"before", s.dateSamples},
		{"after", s.dateSamples},
		{"equalToDateTime", s.dateSamples},
		{"and", s.logicSamples},
		{"or", s.logicSamples},
		{"not", s.logicSamples},
	} {
		if v, ok := pattern[k.name]; ok {
			out = append(out, k.draw(pattern, v)...)
		}
	}
	if pattern["doesNotContain"] != nil || pattern["doesNotMatch"] != nil {
		out = append([]string{"~"}, out...)
	}
	return append(out, "zz")
}

func (s sampler) logicSamples(_ map[string]any, v any) []string {
	subs := list(v)
	if subs == nil {
		subs = []any{v}
	}
	var out []string
	for _, sub := range subs {
		out = append(out, s.texts(object(sub))...)
	}
	return out
}

func equalSamples(_ map[string]any, v any) []string {
	t := text(v)
	out := []string{t, strings.ToUpper(t), strings.ToLower(t), t + "x", " " + t}
	if len(t) > 1 {
		out = append(out, t[:len(t)-1])
	}
	return out
}

func containSamples(_ map[string]any, v any) []string {
	t := text(v)
	return []string{"a" + t + "b", t, strings.ToUpper(t), t[:len(t)/2], "a" + t + "b" + t}
}

func regexSamples(_ map[string]any, v any) []string {
	t := regexSample(text(v))
	return []string{t, "x" + t, t + "x", strings.ToUpper(t), t + t, t[:len(t)/2]}
}

func binarySamples(_ map[string]any, v any) []string {
	data, err := base64.StdEncoding.DecodeString(text(v))
	if err != nil {
		return nil
	}
	return []string{string(data), string(data) + "\x00", text(v)}
}

// dateSamples lie around the literal, or around now with the offset of "now +3 days".
func (s sampler) dateSamples(p map[string]any, v any) []string {
	at, literal := s.now, text(v)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, literal); err == nil {
			at = t
		}
	}
	var out []string
	for _, d := range []time.Duration{0, -time.Hour, time.Hour, -40 * 24 * time.Hour, 40 * 24 * time.Hour} {
		out = append(out, at.Add(d).Format(time.RFC3339))
	}
	if p["before"] != nil {
		out[0], out[1] = out[1], out[0]
	} else if p["after"] != nil {
		out[0], out[2] = out[2], out[0]
	}
	return append(out, literal, at.Format("2006-01-02T15:04:05"), at.Format("2006-01-02"),
		at.In(time.FixedZone("", 2*3600)).Format(time.RFC3339), at.Format(time.RFC1123), at.Format("02/01/2006"),
		at.Format("2006-01-02T15:04:05.000Z07:00"), "not a date")
}
