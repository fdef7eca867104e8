package capture

import (
	"net/http"
	"strings"
)

// connectionHeaders names the fields that concern one connection only (RFC 9110, section 7.6.1), with
// those that the Connection field names.
func connectionHeaders(h http.Header) []string {
	names := []string{
		"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade",
	}
	for _, value := range h.Values("Connection") {
		for name := range strings.SplitSeq(value, ",") {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}
