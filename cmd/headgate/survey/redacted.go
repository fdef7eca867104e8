package survey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/headgate-dev/headgate/traffic/capture"
)

// Redacted are the places where captured messages do not hold what was sent, each once.
type Redacted struct {
	Headers, Query, JSON []string
}

// maxRedacted bounds the places of a kind, and the size of bodies that are looked into.
const (
	maxRedacted     = 20
	maxRedactedBody = 1 << 20
)

// head looks at what comes before a body; the target of an answer is empty.
func (r *Redacted) head(target string, h http.Header) {
	if u, err := url.Parse(target); err == nil {
		pairs := u.Query()
		for _, name := range slices.Sorted(maps.Keys(pairs)) {
			if slices.Contains(pairs[name], capture.Redacted) {
				r.Query = noted(r.Query, name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if slices.Contains(h[name], capture.Redacted) {
			r.Headers = noted(r.Headers, name)
		}
	}
}

// body looks at a body; what is no JSON has no places that could be named.
func (r *Redacted) body(body []byte) {
	if len(body) > maxRedactedBody || !bytes.Contains(body, []byte(`"`+capture.Redacted+`"`)) {
		return
	}
	var content any
	if json.Unmarshal(body, &content) == nil {
		r.value("$", content)
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (r *Redacted) value(path string, content any) {
	switch v := content.(type) {
	case string:
		if v == capture.Redacted {
			r.JSON = noted(r.JSON, path)
		}
	case []any:
		for _, item := range v {
			r.value(path+"[*]", item)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if plainName.MatchString(name) {
				r.value(path+"."+name, v[name])
			} else {
				r.value(fmt.Sprintf("%s[%q]", path, name), v[name])
			}
		}
	}
}

func noted(list []string, place string) []string {
	if len(list) == maxRedacted {
		return list
	}
	return appendNew(list, place)
}
