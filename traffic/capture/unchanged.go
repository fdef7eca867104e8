package capture

import (
	"net/http/httputil"
	"strings"
)

// Unchanged takes back what [httputil.ReverseProxy] has changed in a request on its own, or would change: its
// X-Forwarded fields, the trailers of its body, and how its path is written. It is to be called when
// the request points at its target.
func Unchanged(r *httputil.ProxyRequest) {
	for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	r.Out.Trailer = r.In.Trailer // its values come with the end of the body
	keepPath(r)
}

// keepPath has the path written as the client has, where net/url would write another: /a|b and not /a%7Cb.
func keepPath(r *httputil.ProxyRequest) {
	sent, _, _ := strings.Cut(originForm(r.In.RequestURI), "?")
	if sent == "*" {
		r.Out.URL.Opaque = sent
		return
	}
	written := r.In.URL.EscapedPath()
	if sent == written || !strings.HasPrefix(sent, "/") {
		return
	}
	// An opaque part that begins with two slashes would be taken for a host.
	prefix, ok := strings.CutSuffix(r.Out.URL.EscapedPath(), written)
	if path := prefix + sent; ok && !strings.HasPrefix(path, "//") {
		r.Out.URL.Opaque = path
	}
}
