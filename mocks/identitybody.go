package mocks

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/traffic"
)

// body pins the body: JSON by structure without the ignored values, everything else by its bytes.
func (r *rules) body(req *traffic.Request) (key string, p *Pattern) {
	body := string(req.Body)
	if body == "" {
		return "", exactly(nil)
	}
	if tree, ok := jsonBody(req); ok {
		if canonical := canonicalJSON(tree); !strings.Contains(canonical, "{json-unit.") {
			tree = r.blank(tree)
			form := map[string]any{"equalToJson": tree}
			want, _ := decodeJSON(string(marshal(tree)))
			m := &equalToJSON{want: (&decoder{}).placeholders("", nil, want)}
			return digest("json", canonicalJSON(tree)), build(form, m)
		}
	}
	if fields, ok := formBody(req); ok {
		return digest("form", fields), exactly([]string{body})
	}
	if textBody(req.Header, req.Body) {
		return digest("bytes", body), exactly([]string{body})
	}
	return digest("bytes", body), build(map[string]any{"binaryEqualTo": req.Body}, binaryEqualTo{want: body})
}

func digest(kind, canonical string) string {
	return fmt.Sprintf("%s %x", kind, sha256.Sum256([]byte(canonical)))
}

// jsonBody decides what is JSON: an object or a list always, a scalar where the media type says so.
func jsonBody(req *traffic.Request) (any, bool) {
	tree, err := decodeJSON(string(req.Body))
	if err != nil || !utf8.Valid(req.Body) {
		return nil, false
	}
	switch tree.(type) {
	case map[string]any, []any:
		return tree, true
	}
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	return tree, media == "application/json" || strings.HasSuffix(media, "+json")
}

func formBody(req *traffic.Request) (canonical string, ok bool) {
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if media != "application/x-www-form-urlencoded" || !textBody(req.Header, req.Body) {
		return "", false
	}
	pairs := splitQuery(string(req.Body))
	slices.SortStableFunc(pairs, comparePairs)
	return fmt.Sprintf("%q", pairs), true
}

// textBody tells whether a body survives as a JSON string in UTF-8, whatever reads it.
func textBody(h http.Header, body []byte) bool {
	_, params, _ := mime.ParseMediaType(h.Get("Content-Type"))
	charset := strings.ToLower(params["charset"])
	return utf8.Valid(body) && (charset == "" || charset == "utf-8" || charset == "utf8")
}

// blank puts the ignore placeholder at every place that a rule selects.
func (r *rules) blank(tree any) any {
	var places []spec.NormalizedPath
	for i, p := range r.paths {
		found := locateJSON(p, tree)
		if len(found) > 0 {
			r.used["json "+r.match.Ignore.JSON[i]]++
		}
		for _, node := range found {
			places = append(places, node.Path)
		}
	}
	for _, place := range places {
		tree = put(tree, place)
	}
	if len(places) > 0 && blank(tree) {
		r.blanked++
	}
	return tree
}

// blank tells whether nothing but placeholders is left of a value.
func blank(tree any) bool {
	switch v := tree.(type) {
	case map[string]any:
		for _, member := range v {
			if !blank(member) {
				return false
			}
		}
		return len(v) > 0
	case []any:
		return len(v) > 0 && !slices.ContainsFunc(v, func(item any) bool { return !blank(item) })
	}
	return tree == ignorePlaceholder
}

// put replaces the value at a place; a place inside a value that is already replaced is left.
func put(tree any, place spec.NormalizedPath) any {
	if len(place) == 0 {
		return ignorePlaceholder
	}
	switch at := place[0].(type) {
	case spec.Name:
		if m, ok := tree.(map[string]any); ok {
			m[string(at)] = put(m[string(at)], place[1:])
		}
	case spec.Index:
		if l, ok := tree.([]any); ok && int(at) < len(l) {
			l[at] = put(l[at], place[1:])
		}
	}
	return tree
}

// canonicalJSON writes a value with sorted members and one spelling of each number.
func canonicalJSON(v any) string {
	var b strings.Builder
	writeCanonical(&b, v)
	return b.String()
}

func writeCanonical(b *strings.Builder, v any) {
	switch v := v.(type) {
	case map[string]any:
		b.WriteByte('{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(marshal(k))
			b.WriteByte(':')
			writeCanonical(b, v[k])
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeCanonical(b, item)
		}
		b.WriteByte(']')
	case json.Number:
		b.WriteString(canonicalNumber(v))
	default:
		b.Write(marshal(v))
	}
}
