package difftest

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// volatile finds the template expressions whose value is never the same twice, or depends on the
// server.
var volatile = regexp.MustCompile(
	`(?i)\{\{[^}]*(random|now|hostname|request\.(requestLine\.)?(id|host|port|baseUrl|clientIp)|pickRandom)`)

// decode reads JSON and keeps numbers as they are written.
func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

// encode writes JSON without escaping for HTML.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return ""
	}
	return encode(v)
}
