package compare

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// maxKnownText bounds the texts in which replaced values are looked for.
const maxKnownText = 1 << 20

// body compares the bodies in the form that the recorded one has.
func (w *walk) body(expected, actual *traffic.Response) {
	e, a := expected.Body, actual.Body
	if why := notCaptured(expected, actual); why != "" {
		w.out.NotCompared = why
		return
	}
	w.out.Compared = true
	if len(e) == 0 && len(a) == 0 {
		w.field(true)
		return
	}
	media := mediaType(expected.Header)
	done := false
	switch {
	case isLines(media):
		done = w.json(e, a, (*parser).lines)
	case isJSON(media):
		done = w.json(e, a, (*parser).json)
	case sniffable(media) && looksJSON(e):
		done = w.json(e, a, (*parser).json) || w.json(e, a, (*parser).lines)
	case media == "application/x-www-form-urlencoded":
		done = w.form(e, a)
	case media == "application/xml", media == "text/xml", strings.HasSuffix(media, "+xml"):
		done = w.xmlBody(e, a)
	}
	if !done {
		w.plain(e, a, media)
	}
}

// notCaptured says why an empty recorded body cannot be taken for an empty response, "" if it can. That the
// actual body is empty, too, proves nothing, but where answers have none.
func notCaptured(r, actual *traffic.Response) string {
	if len(r.Body) > 0 {
		return ""
	}
	if r.Header.Get(traffic.TruncatedHeader) != "" {
		return "the recorded body was cut off at capture"
	}
	length := announced(r)
	none := len(actual.Body) == 0
	switch {
	case none && (bodiless(r.Status) || length > 0 && announced(actual) > 0): // the latter answers HEAD
		return ""
	case length > 0:
		return "the recording holds no body, though its Content-Length is " + strconv.FormatInt(length, 10)
	case r.Body == nil && len(r.Header) == 0:
		return "the recording holds neither headers nor a body"
	}
	return ""
}

// announced is the Content-Length of a response, 0 where it has none.
func announced(r *traffic.Response) int64 {
	length, err := strconv.ParseInt(r.Header.Get("Content-Length"), 10, 64)
	if err != nil {
		return 0
	}
	return length
}

// bodiless tells whether answers of the status have no body (RFC 9110, section 6.4.1).
func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// mediaType is the lower-case media type without parameters.
func mediaType(h http.Header) string {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

func isJSON(media string) bool {
	return media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json")
}

func isLines(media string) bool {
	switch media {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines",
		"application/x-jsonlines", "application/jsonlines":
		return true
	}
	return false
}

// sniffable media types say nothing about the form: many servers send text/plain when the handler named
// no type.
func sniffable(media string) bool { return media == "" || media == "text/plain" }

func looksJSON(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n\ufeff")
	return len(body) > 1 && (body[0] == '{' || body[0] == '[')
}

// json compares by structure. It is false if the recorded body is not of that form.
func (w *walk) json(e, a []byte, parse func(*parser, []byte) (*value, bool)) bool {
	equal := bytes.Equal(e, a)
	if equal && len(w.rules.json) == 0 {
		if n, ok := countLeaves(string(e)); ok {
			w.out.Fields += n
			w.out.Matched += n
			return true
		}
	}
	p := w.parsers.get()
	defer w.parsers.put(p)
	recorded, ok := parse(p, e)
	if !ok {
		return false
	}
	mark(recorded, w.rules.json, func(r *rule) { r.matched.Add(1) })
	n := recorded.leaves()
	if n == 0 {
		w.out.Compared, w.out.NotCompared = false, "the rules ignore every field of the body"
	}
	if equal {
		w.out.Fields += n
		w.out.Matched += n
		return true
	}
	actual, ok := parse(p, a)
	if !ok {
		w.out.Fields += max(1, n)
		w.reportBody(NotJSON, string(e), string(a))
		return true
	}
	w.actual = actual
	w.diff(root("$"), recorded, actual)
	return true
}

// plain compares bodies without structure: text as text, all else byte by byte.
func (w *walk) plain(e, a []byte, media string) {
	equal := bytes.Equal(e, a)
	textual := utf8.Valid(e) && (media == "" || isText(media))
	if !equal && textual && w.known != nil && len(e) <= maxKnownText && len(a) > 0 {
		equal = w.known.Same(string(e), string(a))
	}
	w.field(equal)
	switch {
	case equal:
	case len(a) == 0:
		w.reportBody(Missing, describeBody(e, textual), "")
	case len(e) == 0:
		w.reportBody(Extra, "", describeBody(a, utf8.Valid(a)))
	case textual && utf8.Valid(a):
		w.reportBody(Value, string(e), string(a))
	default:
		w.reportBody(Bytes, summary(e), fmt.Sprintf("%s, differs at byte %d", summary(a), differsAt(e, a)))
	}
}

func isText(media string) bool {
	switch media {
	case "application/javascript", "application/xml", "application/graphql", "application/yaml",
		"application/x-www-form-urlencoded":
		return true
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media,
		"+xml") || isJSON(media) || isLines(media)
}

func (w *walk) reportBody(kind Kind, expected, actual string) {
	w.report(Difference{Path: "body", Group: "body", Kind: kind, Expected: expected, Actual: actual})
}

func describeBody(body []byte, textual bool) string {
	if textual {
		return string(body)
	}
	return summary(body)
}

func summary(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("%d bytes, sha256 %x", len(body), sum[:4])
}

func differsAt(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
