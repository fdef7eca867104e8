package compare

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// Curl writes a request as a command for a POSIX shell that sends it to base, such as
// http://127.0.0.1:8080. Headers that belong to the connection are left out. Nothing is redacted: that
// is for the caller to do before.
func Curl(req *traffic.Request, base string) string {
	words := []string{"curl", "-sS", "-i", "--globoff", "--path-as-is"}
	binary := !utf8.Valid(req.Body) || bytes.IndexByte(req.Body, 0) >= 0
	switch {
	case req.Method == http.MethodHead:
		words = append(words, "--head")
	case req.Method != http.MethodGet || len(req.Body) > 0:
		words = append(words, "-X", quote(req.Method))
	}
	for _, name := range sortedKeys(req.Header) {
		if !ofConnection(name) {
			for _, v := range req.Header[name] {
				words = append(words, "-H", quote(headerWord(name, v)))
			}
		}
	}
	if len(req.Body) > 0 && req.Header.Get("Content-Type") == "" {
		words = append(words, "-H", "'Content-Type:'")
	}
	words = append(words, quote(address(req, base)))
	switch {
	case binary:
		words = append(words, "--data-binary", "@-")
		encoded := base64.StdEncoding.EncodeToString(req.Body)
		return "printf %s " + encoded + " | base64 -d | " + strings.Join(words, " ")
	case len(req.Body) > 0:
		words = append(words, "--data-raw", quote(string(req.Body)))
	}
	return strings.Join(words, " ")
}

// headerWord writes a header as curl wants it: an empty value needs a semicolon.
func headerWord(name, v string) string {
	if v == "" {
		return name + ";"
	}
	return name + ": " + v
}

// ofConnection names headers that curl sets itself, or that say how the recorded body was coded.
func ofConnection(name string) bool {
	return slices.Contains([]string{
		"Host", "Content-Length", "Connection", "Keep-Alive", "Transfer-Encoding", "Te", "Trailer",
		"Upgrade", "Proxy-Connection", "Accept-Encoding", "Content-Encoding", "Expect",
	}, http.CanonicalHeaderKey(name))
}

// address is the target below base; without a base it is the recorded one.
func address(req *traffic.Request, base string) string {
	if base == "" {
		return req.URL
	}
	target := req.URL
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		_, rest, _ := strings.Cut(target, "//")
		target = "/"
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			target = rest[i:]
		}
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return strings.TrimSuffix(base, "/") + target
}

// quote makes one word of s for a POSIX shell.
func quote(s string) string {
	plain := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return letter || r >= '0' && r <= '9' || strings.ContainsRune("-_./:", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
