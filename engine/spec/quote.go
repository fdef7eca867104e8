package spec

import (
	"strings"
	"unicode"
)

// quoteHint says how a value that YAML misreads must be written.
func quoteHint(key, value string) string {
	what := "value"
	if strings.ContainsAny(value, "<>=!&|?()[]#") {
		what = "expression"
	}
	if key != "" {
		key += ": "
	}
	return "quote the " + what + ": " + key + quote(value)
}

// quote writes a text as a quoted YAML scalar, with as few escapes as it can.
func quote(s string) string {
	switch {
	case !strings.ContainsAny(s, `"\`):
		return `"` + s + `"`
	case !strings.Contains(s, "'"):
		return "'" + s + "'"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// keyBefore is the key whose value starts at the index, empty if there is none on the line.
func keyBefore(line []rune, at int) string {
	before := strings.TrimRightFunc(string(line[:at]), unicode.IsSpace)
	before, ok := strings.CutSuffix(before, ":")
	if !ok {
		return ""
	}
	if i := strings.LastIndexAny(before, "{,["); i >= 0 {
		before = before[i+1:]
	}
	before = strings.TrimSpace(before)
	for strings.HasPrefix(before, "- ") {
		before = strings.TrimSpace(before[2:])
	}
	return before
}

// closing is the index just after the quoted text that starts at the index, or -1.
func closing(line []rune, at int) int {
	mark := line[at]
	for i := at + 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && mark == '"':
			i++
		case line[i] == mark && mark == '\'' && i+1 < len(line) && line[i+1] == mark:
			i++
		case line[i] == mark:
			return i + 1
		}
	}
	return -1
}

// skipSpace is the index of the first character from at on that is no blank.
func skipSpace(line []rune, at int) int {
	for at < len(line) && (line[at] == ' ' || line[at] == '\t') {
		at++
	}
	return at
}

// cutComment is where the text that ends before end ends when its comment and blanks are left out.
func cutComment(line []rune, start, end int) int {
	for i := start; i < end; i++ {
		if (line[i] == '"' || line[i] == '\'') && (i == start || line[i-1] == ' ') {
			if next := closing(line[:end], i); next > 0 {
				i = next - 1
				continue
			}
		}
		if line[i] == '#' && i > start && unicode.IsSpace(line[i-1]) {
			end = i
		}
	}
	for end > start && unicode.IsSpace(line[end-1]) {
		end--
	}
	return end
}
