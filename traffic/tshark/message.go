package tshark

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// record is what the row of a request tells, without an id.
func (v values) record() (*traffic.Record, error) {
	at, err := v.time()
	if err != nil {
		return nil, err
	}
	r := &traffic.Request{Method: v.get(requestMethod), URL: v.get(requestURI)}
	if url := v.get(requestURL); url != "" {
		if r.Host, r.URL, err = http1.SplitURL(url); err != nil {
			return nil, err
		}
	}
	if r.URL == "" {
		return nil, fmt.Errorf("%s is empty: expected a path such as /a?b=c", requestURI)
	}
	r.Header = v.header(requestLine, requestHeaders())
	if named := r.Header.Get("Host"); named != "" {
		r.Host = named
	}
	r.Header.Del("Host")
	usual := r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch
	r.Body = v.body(r.Header, usual)
	return &traffic.Record{
		Time: at, Direction: traffic.Inbound, Protocol: traffic.HTTP, Request: r,
	}, nil
}

func (v values) response(status int, method string) *traffic.Response {
	r := &traffic.Response{Status: status, Header: v.header(responseLine, responseHeaders())}
	bodiless := method == http.MethodHead || status == http.StatusNoContent ||
		status == http.StatusNotModified || status == http.StatusSwitchingProtocols
	if !bodiless {
		r.Body = v.body(r.Header, true)
	}
	return r
}

// requestHeaders and responseHeaders are the columns that hold one header each.
func requestHeaders() map[string]string {
	return map[string]string{
		"http.host": "Host", "http.user_agent": "User-Agent", "http.accept": "Accept", "http.cookie": "Cookie",
		"http.authorization": "Authorization", "http.referer": "Referer", "http.content_type": "Content-Type",
		"http.accept_language": "Accept-Language", "http.accept_encoding": "Accept-Encoding",
		"http.x_forwarded_for": "X-Forwarded-For", "http.content_encoding": "Content-Encoding",
		contentLength: "Content-Length",
	}
}

func responseHeaders() map[string]string {
	return map[string]string{
		"http.content_type": "Content-Type", "http.location": "Location", "http.set_cookie": "Set-Cookie",
		"http.server": "Server", "http.date": "Date", "http.cache_control": "Cache-Control",
		"http.content_encoding": "Content-Encoding", "http.www_authenticate": "Www-Authenticate",
		contentLength: "Content-Length",
	}
}

// header reads all header lines from one column, and what they lack from columns of one header. tshark
// writes each line with its line break, escaped, and an aggregator (a comma) between two.
func (v values) header(all string, single map[string]string) http.Header {
	h := http.Header{}
	text := strings.ReplaceAll(v.get(all), `\xd\xa`, `\r\n`)
	for line := range strings.SplitSeq(text, `\r\n`) {
		name, value, ok := strings.Cut(strings.TrimLeft(line, ",;|"), ":")
		if ok && name != "" {
			name = textproto.CanonicalMIMEHeaderKey(name)
			h[name] = append(h[name], strings.TrimSpace(value))
		}
	}
	for column, name := range single {
		if value := strings.TrimSpace(v.get(column)); value != "" && len(h[name]) == 0 {
			h[name] = []string{value}
		}
	}
	return h
}

// body is the column of the body. Where it is not among the columns, or is shorter than the message
// says, the header tells so; expected means that such a message usually has one.
func (v values) body(h http.Header, expected bool) []byte {
	size, err := strconv.Atoi(h.Get("Content-Length"))
	declared := err == nil
	body := decoded(v.get(fileData), size)
	coded := h.Get("Content-Encoding") != "" && !strings.EqualFold(h.Get("Content-Encoding"), "identity")
	switch {
	case declared && !coded && len(body) < size, declared && size > 0 && len(body) == 0:
		h.Set(traffic.TruncatedHeader, strconv.Itoa(size))
		return nil
	case !v.columns.has(fileData) && expected && (!declared || size > 0):
		h.Set(traffic.TruncatedHeader, "0")
		return nil
	}
	return body
}

// decoded undoes how tshark writes a body: in hex since version 4, as text before that.
func decoded(text string, size int) []byte {
	if text == "" {
		return nil
	}
	digits := text
	if pairs := strings.Split(text, ":"); !slices.ContainsFunc(pairs, func(p string) bool { return len(p) != 2 }) {
		digits = strings.Join(pairs, "")
	}
	if raw, err := hex.DecodeString(digits); err == nil && len(text) != size {
		return raw
	}
	return []byte(strings.NewReplacer(`\r`, "\r", `\n`, "\n", `\t`, "\t", `\\`, `\`).Replace(text))
}

// time is the time of the packet: seconds since 1970 with nanoseconds, or RFC 3339.
func (v values) time() (time.Time, error) {
	text := v.get(timeEpoch)
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = (fraction + "000000000")[:9]
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanoseconds, bad := strconv.ParseUint(fraction, 10, 64)
	if err != nil || bad != nil || seconds < 0 || seconds > math.MaxInt64/int64(time.Second) {
		return time.Time{}, fmt.Errorf("%s is %.60q: expected seconds since 1970", timeEpoch, text)
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC(), nil
}

// duration is what tshark has computed, else between, which is from one packet to the other.
func (v values) duration(between time.Duration) time.Duration {
	if seconds, err := strconv.ParseFloat(v.get(responseTime), 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	return max(0, between)
}
