package compare

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// headers compares the headers that are named; each that either side has is one field.
func (w *walk) headers(expected, actual http.Header) {
	for _, name := range w.rules.headers {
		e, a := expected.Values(name), actual.Values(name)
		if w.rules.ignoreHeaders[name] != nil || len(e)+len(a) == 0 {
			continue
		}
		same := len(e) == len(a)
		for i := 0; same && i < len(e); i++ {
			same = w.sameHeader(name, e[i], a[i])
		}
		w.field(same)
		if !same {
			w.report(Difference{
				Path: "header." + name, Group: "header." + name, Kind: Header,
				Expected: strings.Join(e, ", "), Actual: strings.Join(a, ", "),
			})
		}
	}
	for name, r := range w.rules.ignoreHeaders {
		w.countIgnoredHeader(r, slices.Contains(w.rules.headers, name), expected.Values(name),
			actual.Values(name))
	}
}

func (w *walk) countIgnoredHeader(r *rule, compared bool, expected, actual []string) {
	if len(expected)+len(actual) == 0 {
		return
	}
	r.matched.Add(1)
	if compared && !slices.Equal(expected, actual) {
		r.excuse(w.endpoint)
	}
}

// sameHeader compares one value. Media types compare by meaning. Addresses compare without scheme and
// host, because a replay talks to another host than the recording did.
func (w *walk) sameHeader(name, e, a string) bool {
	if e == a {
		return true
	}
	switch name {
	case "Content-Type":
		return sameMedia(e, a)
	case "Location", "Content-Location":
		e, a = withoutHost(e), withoutHost(a)
	}
	return e == a || w.known != nil && w.known.Same(e, a)
}

func sameMedia(e, a string) bool {
	media, parameters, err := mime.ParseMediaType(e)
	other, others, err2 := mime.ParseMediaType(a)
	if err != nil || err2 != nil || media != other || len(parameters) != len(others) {
		return false
	}
	for key, v := range parameters {
		o, ok := others[key]
		if !ok || v != o && (key != "charset" || !strings.EqualFold(v, o)) {
			return false
		}
	}
	return true
}

func withoutHost(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	u.Scheme, u.Host, u.User = "", "", nil
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}
