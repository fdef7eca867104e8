package transform

import (
	"encoding/json"
	"strings"
)

// name passes the name of a member and the colon.
func (w *rewriter) name() (string, error) {
	start := w.at
	if w.peek() != '"' {
		return "", errNotJSON
	}
	if err := w.text(); err != nil {
		return "", err
	}
	raw := w.src[start+1 : w.at-1]
	if w.peek() != ':' {
		return "", errNotJSON
	}
	w.at++
	if strings.IndexByte(raw, '\\') < 0 {
		return raw, nil
	}
	var name string
	err := json.Unmarshal([]byte(w.src[start:start+len(raw)+2]), &name)
	return name, err
}

// single passes a text, a number, true, false or null.
func (w *rewriter) single(c byte) error {
	if c == '"' {
		return w.text()
	}
	start := w.at
	for w.at < len(w.src) && strings.IndexByte(",]} \t\r\n", w.src[w.at]) < 0 {
		w.at++
	}
	switch raw := w.src[start:w.at]; raw {
	case "true", "false", "null":
		return nil
	default:
		if !isNumber(raw) {
			w.at = start
			return errNotJSON
		}
		return nil
	}
}

// text passes a text in quotes. What a backslash stands before is not looked at.
func (w *rewriter) text() error {
	for i := w.at + 1; i < len(w.src); i++ {
		switch c := w.src[i]; {
		case c == '"':
			w.at = i + 1
			return nil
		case c == '\\':
			i++
		case c < ' ':
			return errNotJSON
		}
	}
	return errNotJSON
}

// isNumber tells whether a text can be a JSON number.
func isNumber(s string) bool {
	if s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && strings.IndexByte("+-.eE", c) < 0 {
			return false
		}
	}
	return s != "-"
}
