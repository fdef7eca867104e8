package correlate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/theory/jsonpath/spec"

	"github.com/headgate-dev/headgate/traffic"
)

// Exchange is a recorded request with its answer, and the answer that it has now.
type Exchange struct {
	// Index is the place of the request in its session, from 0.
	Index int
	// Endpoint is that of the recorded request.
	Endpoint string
	// Target is the URL of the recorded request.
	Target string
	// Links are those of the recorded answer.
	Links []Link
	// Recorded and Actual are nil where there is none.
	Recorded, Actual *traffic.Response
}

// Learn looks for issued values in an answer: values that differ from the recorded ones at the same place,
// that later requests use (the links say which), and that look made up or stand at a declared place. It is
// called before the responses are compared, so that a value that was issued anew counts as equal at once.
func (s *Session) Learn(x Exchange) {
	recorded, actual := x.Recorded, x.Actual
	if recorded == nil || len(x.Links) == 0 {
		return
	}
	l := lesson{
		s: s, i: x.Index, endpoint: x.Endpoint, target: x.Target, known: x.Links,
		except: s.except.at(x.Endpoint), carry: s.carry.at(x.Endpoint),
	}
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
	s                *Session
	i                int
	endpoint, target string
	known            []Link
	// linker is set while the recording is looked through: then links are only found.
	linker *Linker
	// reason says why the whole answer is of no use.
	reason string
	// recorded are all leaves of the recorded body.
	recorded map[string]bool
	// except are the places that are left out, carry those whose values are carried whatever they look like;
	// excluded and carried are what they select in the recorded body.
	except, carry     list
	excluded, carried map[string]bool
}

// sighting is a value at one place of a recorded response, with what stands there now.
type sighting struct {
	recorded, actual string
	// lost is true if nothing stands there now.
	lost bool
	// where is the place: $.id, header.Location, cookie.sid. place is the same without indexes and without
	// what follows on it, as rules and reports have it.
	where, place string
	// trusted places hold identifiers and tokens; renewed ones hold another value each time; what stands at
	// declared ones is carried whatever it looks like, and they are renewed.
	trusted, renewed, declared bool
	// again is the same value as the sighting before, and is not counted.
	again bool
	// listed values stand in an array, whose order may have changed.
	listed bool
}

func named(s sighting, name string) sighting {
	s.trusted = isIDName(name)
	s.renewed = isTokenName(name)
	return s
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
	l.fields(s, was.Query(), now.Query())
}

// fields looks at the fields of two queries or forms; s says where they stand.
func (l *lesson) fields(s sighting, was, now url.Values) {
	for _, name := range slices.Sorted(maps.Keys(was)) {
		for k, v := range was[name] {
			one := named(s, name)
			one.where += name
			if one.place == "" {
				one.place = l.place(inForm, name)
			}
			one.recorded, one.actual, one.lost = v, "", k >= len(now[name])
			if !one.lost {
				one.actual = now[name][k]
			}
			l.see(one)
		}
	}
}

func (l *lesson) body(recorded, actual *traffic.Response) {
	media := mediaType(recorded.Header.Get("Content-Type"))
	switch {
	case len(recorded.Body) == 0 || l.unconcerned(recorded.Body):
	case l.document(recorded.Body, actual.Body):
	case media == formType:
		form, err := url.ParseQuery(string(recorded.Body))
		other, err2 := url.ParseQuery(string(actual.Body))
		if err == nil && err2 == nil {
			l.fields(sighting{where: "form."}, form, other)
		}
	case isHTML(media, recorded.Body):
		l.page(recorded.Body, actual.Body)
	case len(recorded.Body) <= maxValue && utf8.Valid(recorded.Body):
		s := sighting{where: inText, place: inText, recorded: strings.TrimSpace(string(recorded.Body))}
		s.actual, s.lost = strings.TrimSpace(string(actual.Body)), len(actual.Body) == 0
		l.leaf(s)
	}
}

// unconcerned tells, while the recording is looked through, that a body of JSON need not be decoded.
func (l *lesson) unconcerned(body []byte) bool {
	return l.linker != nil && len(l.carry.paths) == 0 && looksLikeJSON(body) && !l.linker.concerns(body)
}

// document looks at two JSON texts; it is false if the recorded one is none.
func (l *lesson) document(recorded, actual []byte) bool {
	var was, now any
	if !decode(recorded, &was) {
		return false
	}
	if !decode(actual, &now) {
		now = nil
	}
	l.excluded, l.carried = l.except.in(was), l.carry.in(was)
	l.recorded = make(map[string]bool)
	collect(was, l.recorded)
	l.walk(spec.Normalized(), values{was, now, false})
	return true
}

func decode(body []byte, into *any) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return json.Valid(body) && d.Decode(into) == nil
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
