package correlate

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (l *lesson) headers(recorded, actual http.Header) {
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		canonical := http.CanonicalHeaderKey(name)
		if canonical == "Set-Cookie" || describesMessage(canonical) {
			continue
		}
		for k, v := range recorded[name] {
			s := sighting{recorded: v, place: l.place(inHeader, canonical)}
			s.where = s.place
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
	switch name {
	case "Location", "Content-Location":
		l.address(s)
	case "Link":
		l.links(s)
	case "Etag", "Last-Modified":
		l.validator(s)
	default:
		l.see(named(s, name))
	}
}

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
	if len(recorded["Set-Cookie"]) == 0 {
		return
	}
	now := cookiesOf(actual)
	was := cookiesOf(recorded)
	for _, name := range slices.Sorted(maps.Keys(was)) {
		v, ok := now[name]
		place := l.place(inCookie, name)
		s := sighting{recorded: was[name], actual: v, lost: !ok, where: place, place: place, trusted: true, renewed: true}
		l.see(s)
		if !strings.Contains(s.recorded, "%") {
			continue
		}
		// Scripts decode the value before they put it into a header: double-submitted CSRF tokens.
		plain, err := url.QueryUnescape(s.recorded)
		other, err2 := url.QueryUnescape(s.actual)
		if err == nil && err2 == nil {
			s.recorded, s.actual = plain, other
			l.see(s)
		}
	}
}

func cookiesOf(h http.Header) map[string]string {
	cookies := make(map[string]string)
	for _, c := range (&http.Response{Header: h}).Cookies() {
		cookies[c.Name] = c.Value
	}
	return cookies
}
