package difftest

import (
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
)

// sketch is a request in the making.
type sketch struct {
	method, target string
	query          [][2]string // still to be escaped
	cookies        [][2]string
	header         [][2]string
	body           string
}

// change turns a sketch into one alternative of a part.
type change func(*sketch)

// requestsFor gives a request that is meant to match the mapping and near mutations of it: each part
// changed alone, and some pairs of changes, at most limit of them.
func (s sampler) requestsFor(r *rand.Rand, mapping map[string]any, limit int) []Request {
	parts := s.parts(object(mapping["request"]))
	base := make([]int, len(parts))
	choices := [][]int{base}
	for i, alternatives := range parts {
		for j := 1; j < len(alternatives); j++ {
			one := slices.Clone(base)
			one[i] = j
			choices = append(choices, one)
		}
	}
	r.Shuffle(len(choices)-1, func(i, j int) { choices[i+1], choices[j+1] = choices[j+1], choices[i+1] })
	choices = choices[:min(len(choices), limit-limit/8)]
	for range limit / 8 {
		both := slices.Clone(base)
		for range 2 {
			i := r.IntN(len(parts))
			both[i] = r.IntN(len(parts[i]))
		}
		choices = append(choices, both)
	}
	out := make([]Request, len(choices))
	for i, choice := range choices {
		var k sketch
		for part, j := range choice {
			parts[part][j](&k)
		}
		out[i] = k.request()
	}
	return out
}

func (s sampler) parts(p map[string]any) [][]change {
	parts := [][]change{methodPart(p["method"]), s.targetPart(p), extraPart()}
	for _, name := range slices.Sorted(maps.Keys(object(p["queryParameters"]))) {
		pattern := object(object(p["queryParameters"])[name])
		parts = append(parts, valuesPart(s.values(pattern), func(k *sketch, v string) {
			k.query = append(k.query, [2]string{name, v})
		}))
	}
	for _, name := range slices.Sorted(maps.Keys(object(p["headers"]))) {
		pattern := object(object(p["headers"])[name])
		part := valuesPart(headerSafe(s.values(pattern)), func(k *sketch, v string) {
			k.header = append(k.header, [2]string{name, v})
		})
		first := s.values(pattern)[0]
		parts = append(parts, append(part, func(k *sketch) {
			for _, v := range first {
				k.header = append(k.header, [2]string{strings.ToLower(name), strings.Map(printable, v)})
			}
		}))
	}
	for _, name := range slices.Sorted(maps.Keys(object(p["cookies"]))) {
		pattern := object(object(p["cookies"])[name])
		parts = append(parts, valuesPart(cookieSafe(s.values(pattern)), func(k *sketch, v string) {
			k.cookies = append(k.cookies, [2]string{name, v})
		}))
	}
	return append(append(parts, s.authority(p)...), s.bodyParts(p)...)
}

func valuesPart(samples [][]string, add func(k *sketch, v string)) []change {
	var part []change
	for _, values := range samples {
		part = append(part, func(k *sketch) {
			for _, v := range values {
				add(k, v)
			}
		})
	}
	return part
}

func methodPart(v any) []change {
	methods := []string{"GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"}
	first := text(v)
	for _, name := range []string{"or", "oneOf"} {
		if l := list(object(v)[name]); len(l) > 0 {
			first = text(object(l[0])["equalTo"]) + text(l[0])
		}
	}
	if l := list(v); len(l) > 0 {
		first = text(l[0])
	}
	if slices.Contains(methods, first) {
		methods = slices.DeleteFunc(methods, func(m string) bool { return m == first })
		methods = append([]string{first}, methods...)
	}
	var part []change
	for _, m := range methods {
		part = append(part, func(k *sketch) { k.method = m })
	}
	return part
}

func (s sampler) targetPart(p map[string]any) []change {
	var part []change
	for _, t := range s.targets(p) {
		if !strings.HasPrefix(t, "/") || strings.ContainsAny(t, " \r\n\"<>{}|\\^`") {
			continue
		}
		part = append(part, func(k *sketch) { k.target = t })
	}
	return append(part, func(k *sketch) { k.target = "/elsewhere" })
}

func (s sampler) targets(p map[string]any) []string {
	t := "/any"
	switch {
	case p["url"] != nil:
		t = text(p["url"])
	case p["urlPath"] != nil:
		t = text(p["urlPath"])
	case p["urlPattern"] != nil:
		t = regexSample(text(p["urlPattern"]))
	case p["urlPathPattern"] != nil:
		t = regexSample(text(p["urlPathPattern"]))
	case p["urlPathTemplate"] != nil:
		return s.templated(text(p["urlPathTemplate"]), object(p["pathParameters"]))
	}
	path, query, _ := strings.Cut(t, "?")
	if query != "" {
		query = "?" + query
	}
	out := []string{
		t, path + "/" + query, path + "x" + query, strings.ToUpper(path) + query, path + "/x" + query,
		strings.TrimSuffix(path, "/") + query, path + "%20" + query, "/" + path + query, path,
		path + "?", path + query + "#part", path + ";v=1" + query, "/x/.." + path + query,
	}
	if len(path) > 1 {
		last := path[len(path)-1]
		out = append(out, path[:len(path)-1]+"%"+strings.ToUpper(hex(last))+query, path[:len(path)-1]+query)
	}
	return out
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func (s sampler) templated(template string, patterns map[string]any) []string {
	fill := func(i int) string {
		out := template
		for {
			before, rest, ok := strings.Cut(out, "{")
			name, after, closed := strings.Cut(rest, "}")
			if !ok || !closed {
				return strings.ReplaceAll(out, "**", "deep/er")
			}
			value := "v" + string(rune('0'+i%10))
			if sub := object(patterns[name]); sub != nil {
				samples := s.texts(sub)
				value = url.PathEscape(samples[i%len(samples)])
			}
			out = before + value + after
		}
	}
	out := []string{fill(0), fill(0) + "/", fill(0) + "/x", fill(0) + "%2Fz", fill(0) + "?q=1", fill(0) + "%20a"}
	for i := 1; i < 8; i++ {
		out = append(out, fill(i))
	}
	return out
}

// extraPart adds what no pattern names.
func extraPart() []change {
	return []change{
		func(*sketch) {},
		func(k *sketch) { k.query = append(k.query, [2]string{"unnamed", "1"}) },
		func(k *sketch) { k.header = append(k.header, [2]string{"X-Unnamed", "1"}) },
		func(k *sketch) { k.cookies = append(k.cookies, [2]string{"unnamed", "1"}) },
	}
}

// authority covers basic authentication and the host.
func (s sampler) authority(p map[string]any) [][]change {
	var parts [][]change
	for _, name := range []string{"basicAuth", "basicAuthCredentials"} {
		if auth := object(p[name]); auth != nil {
			parts = append(parts, authPart(text(auth["username"]), text(auth["password"])))
		}
	}
	if host := object(p["host"]); host != nil {
		parts = append(parts, valuesPart(headerSafe(s.values(host)), func(k *sketch, v string) {
			if !slices.ContainsFunc(k.header, func(h [2]string) bool { return h[0] == "Host" }) && hostLike(v) {
				k.header = append(k.header, [2]string{"Host", v})
			}
		}))
	}
	return parts
}

func hostLike(v string) bool { return v != "" && !strings.ContainsAny(v, " /?#@<>\"'{}[]\\~") }

func authPart(user, password string) []change {
	basic := func(u, p string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(u+":"+p)) }
	return valuesPart([][]string{
		{basic(user, password)},
		{basic(user, password+"x")},
		nil,
		{strings.Replace(basic(user, password), "Basic", "basic", 1)},
		{"Bearer x"},
		{basic(strings.ToUpper(user), password)},
	}, func(k *sketch, v string) { k.header = append(k.header, [2]string{"Authorization", v}) })
}

func printable(r rune) rune {
	if r < 32 || r > 126 {
		return -1
	}
	return r
}

func headerSafe(samples [][]string) [][]string {
	out := slices.Clone(samples)
	for i, values := range out {
		out[i] = slices.Clone(values)
		for j, v := range values {
			out[i][j] = strings.TrimSpace(strings.Map(printable, v))
		}
	}
	return out
}

func cookieSafe(samples [][]string) [][]string {
	out := headerSafe(samples)
	for i := range out {
		for j, v := range out[i] {
			out[i][j] = strings.Map(func(r rune) rune {
				if strings.ContainsRune(" ;,\"\\", r) {
					return '_'
				}
				return r
			}, v)
		}
	}
	return out
}

func (k *sketch) request() Request {
	r := Request{Method: k.method, Target: k.target, Header: slices.Clone(k.header), Body: k.body}
	target, fragment, _ := strings.Cut(r.Target, "#")
	_ = fragment // clients never send it
	for _, q := range k.query {
		separator := "&"
		if !strings.Contains(target, "?") {
			separator = "?"
		}
		target += separator + url.QueryEscape(q[0]) + "=" + url.QueryEscape(q[1])
	}
	r.Target = target
	if len(k.cookies) > 0 {
		var pairs []string
		for _, c := range k.cookies {
			pairs = append(pairs, c[0]+"="+c[1])
		}
		r.Header = append(r.Header, [2]string{"Cookie", strings.Join(pairs, "; ")})
	}
	return r
}
