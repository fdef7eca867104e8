package mocks

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// dropped are the response headers that belong to the recorded connection and its coding, or to its
// time, and not to the answer.
func dropped() []string {
	return []string{
		"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Content-Encoding", "Date",
	}
}

func recordedResponse(rec *traffic.Response) *Response {
	r := &Response{Status: rec.Status}
	for name, values := range rec.Header {
		name = http.CanonicalHeaderKey(name)
		if slices.Contains(dropped(), name) || len(values) == 0 || !headerName(name) {
			continue
		}
		if r.Headers == nil {
			r.Headers = map[string]Values{}
		}
		r.Headers[name] = append(r.Headers[name], values...)
	}
	if textBody(rec.Header, rec.Body) {
		r.Body = string(rec.Body)
	} else {
		r.Base64Body = rec.Body
	}
	return r
}

// same tells whether two recorded answers are the same.
func (r *Response) same(other *Response) bool {
	return r.Status == other.Status && r.Body == other.Body &&
		bytes.Equal(r.Base64Body, other.Base64Body) &&
		maps.EqualFunc(r.Headers, other.Headers, slices.Equal[Values])
}

// Candidate is a stub for a request that nothing matched, with a placeholder answer, for review.
func Candidate(req *traffic.Request, at time.Time) *Stub {
	r := &rules{match: DefaultMatch(), used: map[string]int64{}}
	g := group{identity: r.identify(req)}
	g.label = g.pattern.Method + " " + g.path
	g.responses = []*Response{{Status: http.StatusNotImplemented, JSONBody: marshal(map[string]string{
		"todo": "replace by the real answer",
	})}}
	s := g.stub(0)
	s.Metadata = g.pattern.metadata(map[string]any{"missed": at.UTC().Format(time.RFC3339Nano)})
	return s
}
