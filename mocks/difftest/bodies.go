package difftest

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// bodyParts covers body patterns, form parameters and multipart patterns.
func (s sampler) bodyParts(p map[string]any) [][]change {
	var parts [][]change
	if form := object(p["formParameters"]); form != nil {
		parts = append(parts, s.formPart(form))
	}
	if many := list(p["multipartPatterns"]); many != nil {
		parts = append(parts, s.multipart(many))
	}
	var bodies []change
	for _, b := range list(p["bodyPatterns"]) {
		for _, t := range s.texts(object(b)) {
			bodies = append(bodies, func(k *sketch) { k.body = t })
		}
	}
	if bodies != nil {
		trailing := func(k *sketch) {
			bodies[0](k)
			k.body += " x"
		}
		parts = append(parts, append(bodies, trailing, func(k *sketch) { k.body = "" }))
	}
	return parts
}

func (s sampler) formPart(form map[string]any) []change {
	names := slices.Sorted(maps.Keys(form))
	first := url.Values{}
	for _, name := range names {
		first[name] = s.values(object(form[name]))[0]
	}
	set := func(values url.Values, kind string) change {
		return func(k *sketch) {
			k.body = values.Encode()
			k.header = append(k.header, [2]string{"Content-Type", kind})
		}
	}
	const kind = "application/x-www-form-urlencoded"
	part := []change{set(first, kind), set(first, "text/plain"), set(first, kind+"; charset=utf-8"), set(nil, kind)}
	for _, name := range names {
		for _, values := range s.values(object(form[name])) {
			changed := maps.Clone(first)
			changed[name] = values
			part = append(part, set(changed, kind))
		}
	}
	return part
}

const boundary = "difftest-boundary"

// piece is one part of a multipart body.
type piece struct {
	name, file, body string
	header           [][2]string
}

func (s sampler) multipart(patterns []any) []change {
	var pieces []piece
	for _, p := range patterns {
		pieces = append(pieces, s.piece(object(p)))
	}
	send := func(pieces []piece) change {
		return func(k *sketch) {
			k.body = joined(pieces)
			k.header = append(k.header, [2]string{"Content-Type", "multipart/form-data; boundary=" + boundary})
		}
	}
	part := []change{send(pieces), send(nil)}
	reversed := slices.Clone(pieces)
	slices.Reverse(reversed)
	part = append(part, send(reversed), send(append(slices.Clone(pieces), piece{name: "more", body: "x"})))
	for i := range pieces {
		for _, edit := range []func(*piece){
			func(c *piece) { c.name += "x" },
			func(c *piece) { c.body = "x" + c.body },
			func(c *piece) { c.header = nil },
			func(c *piece) { c.body = "" },
		} {
			changed := slices.Clone(pieces)
			edit(&changed[i])
			part = append(part, send(changed))
		}
		part = append(part, send(pieces[i:i+1]))
	}
	return part
}

func (s sampler) piece(p map[string]any) piece {
	out := piece{name: text(p["name"]), file: text(p["fileName"]), body: "part"}
	if out.name == "" {
		out.name = "any"
	}
	for _, name := range slices.Sorted(maps.Keys(object(p["headers"]))) {
		value := s.texts(object(object(p["headers"])[name]))[0]
		out.header = append(out.header, [2]string{name, strings.Map(printable, value)})
	}
	for _, b := range list(p["bodyPatterns"]) {
		out.body = s.texts(object(b))[0]
		break
	}
	return out
}

func joined(pieces []piece) string {
	var b strings.Builder
	for _, c := range pieces {
		b.WriteString("--" + boundary + "\r\n")
		named := false
		for _, h := range c.header {
			named = named || strings.EqualFold(h[0], "Content-Disposition")
			b.WriteString(h[0] + ": " + h[1] + "\r\n")
		}
		if !named {
			b.WriteString(`Content-Disposition: form-data; name="` + c.name + `"`)
			if c.file != "" {
				b.WriteString(`; filename="` + c.file + `"`)
			}
			b.WriteString("\r\n")
		}
		b.WriteString("\r\n" + c.body + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.String()
}
