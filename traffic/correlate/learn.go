package correlate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/traffic"
)

// Learn looks for issued values in the answer to request i: values that differ from the recorded ones at
// the same place, that later requests use (links says which), and that look made up. It is called before
// the responses are compared, so that a value that was issued anew counts as equal at once. A nil
// response issues nothing.
func (s *Session) Learn(i int, links []Link, recorded, actual *traffic.Response) {
	if recorded == nil || len(links) == 0 {
		return
	}
	l := lesson{s: s, i: i, known: links, except: s.except}
	switch {
	case actual == nil:
		l.reason, actual = "there was no answer", &traffic.Response{}
	case recorded.Status/100 != actual.Status/100:
		l.reason = fmt.Sprintf("answered %d where %d was recorded", actual.Status, recorded.Status)
		actual = &traffic.Response{}
	}
	l.headers(recorded.Header, actual.Header)
	l.body(recorded, actual)
}

// lesson is what one response teaches.
type lesson struct {
	s     *Session
	i     int
	known []Link
	// linker is set while the recording is looked through: then links are only found.
	linker *Linker
	// reason says why the whole answer is of no use.
	reason string
	// recorded are all leaves of the recorded body.
	recorded map[string]bool
	// except are the paths that are left out, excluded what they select in the recorded body.
	except   []*jsonpath.Path
	excluded map[string]bool
}

// sighting is a value at one place of a recorded response, with what stands there now.
type sighting struct {
	recorded, actual string
	// lost is true if nothing stands there now.
	lost bool
	// where is the place: $.id, header.Location, cookie.sid.
	where string
	// trusted places hold identifiers and tokens; renewed ones hold another value each time.
	trusted, renewed bool
	// listed values stand in an array, whose order may have changed.
	listed bool
}

func named(s sighting, name string) sighting {
	s.trusted = isIDName(name)
	s.renewed = isTokenName(name)
	return s
}

func (l *lesson) headers(recorded, actual http.Header) {
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		canonical := http.CanonicalHeaderKey(name)
		for k, v := range recorded[name] {
			s := sighting{recorded: v, where: "header." + canonical}
			if others := actual.Values(canonical); k < len(others) {
				s.actual = others[k]
			} else {
				s.lost = true
			}
			l.header(canonical, s)
		}
	}
	l.cookies(recorded, actual)
}

func (l *lesson) header(name string, s sighting) {
	switch {
	case name == "Location" || name == "Content-Location":
		l.address(s)
	case name == "Link":
		l.links(s)
	case name == "Etag":
		s.recorded, s.actual = entityTag(s.recorded), entityTag(s.actual)
		s.trusted, s.renewed = true, true
		l.see(s)
	case strings.HasPrefix(name, "X-") || name == "Authorization":
		l.see(named(s, name))
	}
}

// entityTag is the opaque part of an entity tag (RFC 9110, 8.8.3).
func entityTag(v string) string { return strings.Trim(strings.TrimPrefix(v, "W/"), `"`) }

// links looks at the targets of a Link header (RFC 8288) one after the other.
func (l *lesson) links(s sighting) {
	actual := linkTargets(s.actual)
	for k, target := range linkTargets(s.recorded) {
		one := s
		one.recorded, one.actual, one.lost = target, "", k >= len(actual)
		if !one.lost {
			one.actual = actual[k]
		}
		l.address(one)
	}
}

func linkTargets(v string) []string {
	var targets []string
	for {
		_, rest, ok := strings.Cut(v, "<")
		target, rest, ok2 := strings.Cut(rest, ">")
		if !ok || !ok2 {
			return targets
		}
		targets = append(targets, target)
		v = rest
	}
}

func (l *lesson) cookies(recorded, actual http.Header) {
	now := cookiesOf(actual)
	was := cookiesOf(recorded)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		v, ok := now[name]
		l.see(sighting{
			recorded: was[name], actual: v, lost: !ok, where: "cookie." + name, trusted: true, renewed: true,
		})
	}
}

func cookiesOf(h http.Header) map[string]string {
	cookies := make(map[string]string)
	for _, c := range (&http.Response{Header: h}).Cookies() {
		cookies[c.Name] = c.Value
	}
	return cookies
}

// address looks at the segments and query values of two URLs of the same form.
func (l *lesson) address(s sighting) {
	was, err := url.Parse(s.recorded)
	now, err2 := url.Parse(s.actual)
	if err != nil || err2 != nil {
		return
	}
	s.where += " path"
	segments, others := strings.Split(was.Path, "/"), strings.Split(now.Path, "/")
	for k, segment := range segments {
		one := s
		one.recorded, one.actual, one.trusted = segment, "", true
		one.lost = s.lost || len(segments) != len(others)
		if !one.lost {
			one.actual = others[k]
		}
		l.see(one)
	}
	s.where = strings.TrimSuffix(s.where, " path") + " query "
	l.values(s, was.Query(), now.Query())
}

// values looks at the fields of two queries or forms; s says where they stand.
func (l *lesson) values(s sighting, was, now url.Values) {
	for _, name := range slices.Sorted(maps.Keys(was)) {
		for k, v := range was[name] {
			one := named(s, name)
			one.where += name
			one.recorded, one.actual, one.lost = v, "", k >= len(now[name])
			if !one.lost {
				one.actual = now[name][k]
			}
			l.see(one)
		}
	}
}

func (l *lesson) body(recorded, actual *traffic.Response) {
	var was, now any
	switch {
	case len(recorded.Body) == 0:
	case l.linker != nil && looksLikeJSON(recorded.Body) && !l.linker.concerns(recorded.Body):
	case decode(recorded.Body, &was):
		if !decode(actual.Body, &now) {
			now = nil
		}
		l.exclude(was)
		l.recorded = make(map[string]bool)
		collect(was, l.recorded)
		l.walk(spec.Normalized(), was, now)
	case strings.HasPrefix(recorded.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		form, err := url.ParseQuery(string(recorded.Body))
		other, err2 := url.ParseQuery(string(actual.Body))
		if err == nil && err2 == nil {
			l.values(sighting{where: "form."}, form, other)
		}
	case len(recorded.Body) <= maxValue && utf8.Valid(recorded.Body):
		s := sighting{where: "body", recorded: strings.TrimSpace(string(recorded.Body))}
		s.actual, s.lost = strings.TrimSpace(string(actual.Body)), len(actual.Body) == 0
		l.leaf(s)
	}
}

func decode(body []byte, into *any) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return json.Valid(body) && d.Decode(into) == nil
}

// exclude evaluates the configured exceptions on the recorded body.
func (l *lesson) exclude(body any) {
	for _, path := range l.except {
		if l.excluded == nil {
			l.excluded = make(map[string]bool)
		}
		for at := range selectLocated(path, body).Paths() {
			l.excluded[at.String()] = true
		}
	}
}

// selectLocated applies a path. The library's functions panic on members that are not there: such a path
// selects nothing.
func selectLocated(path *jsonpath.Path, body any) (found jsonpath.LocatedNodeList) {
	defer func() {
		if recover() != nil {
			found = nil
		}
	}()
	return path.SelectLocated(body)
}

// collect gathers the leaves below v as text.
func collect(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for _, kid := range v {
			collect(kid, into)
		}
	case []any:
		for _, kid := range v {
			collect(kid, into)
		}
	case string:
		into[v] = true
	case json.Number:
		into[v.String()] = true
	}
}
