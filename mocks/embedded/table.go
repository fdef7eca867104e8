package embedded

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/mocks"
)

const (
	columnWidth   = 56
	mostBodyLines = 200
	marker        = "  <<< "
)

// row is one line of a difference table; note is empty where both sides agree.
type row struct{ want, got, note string }

// table sets the nearest stub beside the request that it does not match.
func table(m *mocks.MissReport) string {
	var b strings.Builder
	fmt.Fprintf(&b, "No stub matches %s %s\n", m.Request.Method, m.Request.URL)
	if len(m.Nearest) == 0 {
		b.WriteString("and none comes near: no stub is served that has anything in common with it.\n")
		return b.String()
	}
	n := m.Nearest[0]
	b.WriteString("\n")
	line(&b, row{want: "Nearest stub", got: "Request"})
	b.WriteString(strings.Repeat("-", 2*columnWidth+3) + "\n")
	for _, r := range rows(n, mocks.NewRequest(m.Request)) {
		line(&b, r)
	}
	for _, other := range m.Nearest[1:] {
		fmt.Fprintf(&b, "\nnext nearest: %s, which differs in %s\n", other.Stub.Label(), places(other.Differences))
	}
	return b.String()
}

func places(diffs []mocks.Difference) string {
	out := make([]string, len(diffs))
	for i, d := range diffs {
		out[i] = d.Where
	}
	return strings.Join(out, ", ")
}

// line writes both cells, each on as many lines as it needs.
func line(b *strings.Builder, r row) {
	want, got := wrap(r.want), wrap(r.got)
	for i := range max(len(want), len(got)) {
		var left, right, note string
		if i < len(want) {
			left = want[i]
		}
		if i < len(got) {
			right = got[i]
		}
		if i == 0 && r.note != "" {
			note = marker + r.note
		}
		pad := strings.Repeat(" ", columnWidth-utf8.RuneCountInString(left))
		b.WriteString(strings.TrimRight(left+pad+" | "+right, " ") + note + "\n")
	}
}

// wrap cuts text into lines that fit into a column, and a text of very many lines short.
func wrap(s string) []string {
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		for utf8.RuneCountInString(l[:min(len(l), columnWidth*utf8.UTFMax)]) > columnWidth {
			end := 0
			for range columnWidth {
				_, n := utf8.DecodeRuneInString(l[end:])
				end += n
			}
			out = append(out, l[:end])
			if l = l[end:]; len(out) >= mostBodyLines {
				return append(out, "...")
			}
		}
		out = append(out, l)
	}
	return out
}

// rows go through the stub in the order name, method, address, query, headers, cookies, body.
func rows(n mocks.Near, r *mocks.Request) []row {
	p := n.Stub.Request
	out := []row{{want: n.Stub.Label()}, {}}
	address := cmp.Or(p.URL, p.URLPattern, p.URLPath, p.URLPathPattern, p.URLPathTemplate, "(any address)")
	method := cmp.Or(p.Method, "ANY")
	if i := slices.IndexFunc(n.Differences, func(d mocks.Difference) bool { return d.Where == "method" }); i >= 0 {
		method = n.Differences[i].Expected
	}
	out = append(out,
		row{method, r.Method, note(n, "method")},
		row{address, r.Target(), note(n, "path")})
	for _, name := range slices.Sorted(maps.Keys(p.QueryParameters)) {
		out = append(out, named(n, "query."+name, p.QueryParameters[name], r.Query()[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		out = append(out, named(n, "header."+name, p.Headers[name], r.HeaderValues(http.CanonicalHeaderKey(name))))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Cookies)) {
		out = append(out, named(n, "cookie."+name, p.Cookies[name], r.Cookies()[name]))
	}
	out = append(out, bodyRows(n, r)...)
	return append(out, others(n, p)...)
}

func named(n mocks.Near, where string, want *mocks.Pattern, got []string) row {
	_, name, _ := strings.Cut(where, ".")
	actual := "(missing)"
	if len(got) > 0 {
		actual = name + ": " + strings.Join(got, ", ")
	}
	return row{name + ": " + want.String(), actual, note(n, where)}
}

// note says what is wrong at a place.
func note(n mocks.Near, where string) string {
	if slices.ContainsFunc(n.Differences, func(d mocks.Difference) bool { return d.Where == where }) {
		return strings.Replace(where, ".", " ", 1) + " differs"
	}
	return ""
}

// bodyRows set the expected body beside the actual one, and then name each difference.
func bodyRows(n mocks.Near, r *mocks.Request) []row {
	want := make([]string, len(n.Stub.Request.BodyPatterns))
	for i, p := range n.Stub.Request.BodyPatterns {
		want[i] = bodyText(p)
	}
	if len(want) == 0 {
		return nil
	}
	left := strings.Split(strings.Join(want, "\n"), "\n")
	right := strings.Split(pretty(r.Body.Text), "\n")
	marked := slices.ContainsFunc(n.Differences, isBody)
	var out []row
	for i := range min(max(len(left), len(right)), mostBodyLines) {
		var l row
		if i < len(left) {
			l.want = left[i]
		}
		if i < len(right) {
			l.got = right[i]
		}
		if marked && l.want != l.got {
			l.note = "body differs"
		}
		out = append(out, l)
	}
	return out
}

// bodyText is a body pattern as it compares best: the JSON it expects, its text, or the pattern.
func bodyText(p *mocks.Pattern) string {
	if text, ok := p.Exact(); ok {
		return text
	}
	var form struct {
		EqualToJSON json.RawMessage `json:"equalToJson"`
	}
	if err := json.Unmarshal([]byte(p.String()), &form); err != nil || len(form.EqualToJSON) == 0 {
		return p.String()
	}
	var text string
	if json.Unmarshal(form.EqualToJSON, &text) == nil {
		return pretty(text)
	}
	return pretty(string(form.EqualToJSON))
}

// pretty lays out JSON with sorted members, so that equal bodies look equal; other text stays as it is.
func pretty(text string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if e.Encode(v) != nil {
		return text
	}
	return strings.TrimRight(b.String(), "\n")
}

func isBody(d mocks.Difference) bool {
	return d.Where == "body" || strings.HasPrefix(d.Where, "$")
}

// others are the differences that no row above stands for, and each one within the body.
func others(n mocks.Near, p *mocks.RequestPattern) []row {
	var out []row
	for _, d := range n.Differences {
		kind, name, _ := strings.Cut(d.Where, ".")
		switch {
		case d.Where == "method" || d.Where == "path" || d.Where == "body":
			continue
		case kind == "query" && p.QueryParameters[name] != nil,
			kind == "header" && p.Headers[name] != nil,
			kind == "cookie" && p.Cookies[name] != nil:
			continue
		}
		out = append(out, row{d.Where + ": " + d.Expected, d.Where + ": " + d.Actual, "differs"})
	}
	return out
}
