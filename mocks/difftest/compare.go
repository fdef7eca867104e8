package difftest

import (
	"maps"
	"net/http"
	"slices"
)

// differ names the first thing in which two answers differ, or nothing.
func differ(c *Case, java, ours *Answer) string {
	switch {
	case java.Broken != ours.Broken:
		return "broken"
	case java.Broken:
		return ""
	case java.Matched != ours.Matched:
		return "matched"
	case !java.Matched:
		return ""
	case java.Status != ours.Status:
		return "status"
	case java.Reason != ours.Reason && (c.says(java.Reason) || c.says(ours.Reason)):
		return "reason"
	}
	if name := differentHeader(java.Header, ours.Header); name != "" {
		return "header." + name
	}
	if java.Body != ours.Body && !c.random() {
		return "body"
	}
	return ""
}

// differentHeader compares all headers but those of the connection and of the engine.
func differentHeader(java, ours http.Header) string {
	names := map[string]bool{}
	for name := range java {
		names[name] = true
	}
	for name := range ours {
		names[name] = true
	}
	for _, name := range []string{
		"Connection", "Content-Length", "Date", "Keep-Alive", "Matched-Stub-Id", "Matched-Stub-Name",
		"Server", "Transfer-Encoding", "Vary",
	} {
		delete(names, name)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !slices.Equal(java[name], ours[name]) {
			return name
		}
	}
	return ""
}

// says tells whether a mapping of the case gives the status message; others are the server's own.
func (c *Case) says(reason string) bool {
	return slices.ContainsFunc(c.Mappings, func(m map[string]any) bool {
		return object(m["response"])["statusMessage"] == reason
	})
}

// random tells whether an answer may be another at each call: its template asks for random values,
// the time or what differs between two servers.
func (c *Case) random() bool {
	return slices.ContainsFunc(c.Mappings, func(m map[string]any) bool {
		return anywhere(m["response"], func(_ string, v any) bool {
			text, ok := v.(string)
			return ok && volatile.MatchString(text)
		})
	}) || slices.ContainsFunc(slices.Collect(maps.Values(c.Files)), volatile.Match)
}

// anywhere looks at every member of a JSON tree; the items of a list bear its name.
func anywhere(v any, ok func(name string, v any) bool) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			if ok(name, child) || anywhere(child, ok) {
				return true
			}
		}
	case []any:
		for _, child := range v {
			if ok("", child) || anywhere(child, ok) {
				return true
			}
		}
	}
	return false
}
