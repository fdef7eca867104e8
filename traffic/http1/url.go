package http1

import (
	"fmt"
	"strings"
)

// SplitURL splits the absolute http or https URL of a request into what stands in the Host header and
// what stands in the request line. The fragment, which is never sent, is left out.
func SplitURL(url string) (host, target string, err error) {
	scheme, rest, ok := strings.Cut(url, "://")
	if scheme = strings.ToLower(scheme); !ok || scheme != "http" && scheme != "https" {
		return "", "", fmt.Errorf("the url is %.200q: expected an absolute one, such as http://host/path", url)
	}
	rest, _, _ = strings.Cut(rest, "#")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, target = rest[:end], rest[end:]
	if _, bare, credentials := strings.Cut(host, "@"); credentials {
		host = bare
	}
	if host == "" {
		return "", "", fmt.Errorf("the url is %.200q: expected an absolute one, such as %s://host/path", url, scheme)
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return host, target, nil
}
