package spec

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// trap is a value that YAML takes for something else than the text it was meant to be.
type trap struct {
	start, end int // in characters of the line, without comment
	key        string
	reason     string
}

// findTrap looks for such a value on a line, around the character where YAML gave up. flow tells that the
// line goes on inside of a [ or { from a line before.
func findTrap(line []rune, at int, flow bool) (trap, bool) {
	start, end, inFlow := entryAt(line, at, flow)
	start = valueStart(line, start, end)
	if start >= end || at < start && !inFlow {
		return trap{}, false
	}
	reason := misread(line[start:end], inFlow)
	if reason == "" {
		return trap{}, false
	}
	end = commentAfter(line, start, end)
	return trap{start: start, end: end, key: keyBefore(line, start), reason: reason}, true
}

// commentAfter is where a value without its comment ends. A # inside of open brackets is no comment.
func commentAfter(line []rune, start, end int) int {
	cut := cutComment(line, start, end)
	if strings.Count(string(line[start:cut]), "(") <= strings.Count(string(line[start:cut]), ")") {
		return cut
	}
	return start + len([]rune(strings.TrimRightFunc(string(line[start:end]), unicode.IsSpace)))
}

// entryAt is the part of the line with the key and the value around the index.
func entryAt(line []rune, at int, flow bool) (start, end int, inFlow bool) {
	start = itemStart(line, 0)
	at = min(at, len(line))
	if flow {
		start, end = flowEntry(line, start, at)
		return start, end, true
	}
	value := valueStart(line, start, len(line))
	if value < len(line) && (line[value] == '{' || line[value] == '[') && at > value {
		if close := closingBracket(line, value); close < 0 || at < close {
			start, end = flowEntry(line, value, at)
			return start, end, true
		}
	}
	return start, len(line), false
}

// itemStart skips the indentation and the dashes of a list.
func itemStart(line []rune, at int) int {
	at = skipSpace(line, at)
	for at+1 < len(line) && line[at] == '-' && line[at+1] == ' ' {
		at = skipSpace(line, at+1)
	}
	return at
}

// flowEntry is the entry of a [ or { on the line that the index stands in.
func flowEntry(line []rune, start, at int) (from, to int) {
	from = start
	for i := start; i < at; i++ {
		switch line[i] {
		case '"', '\'':
			if next := closing(line, i); next > 0 && next <= at && startsToken(line, i) {
				i = next - 1
			}
		case '{', '[', ',', '}', ']':
			from = i + 1
		}
	}
	depth := 0
	for to = at; to < len(line); to++ {
		switch line[to] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth < 0 || depth == 0 && line[to] == ',' {
			break
		}
	}
	return skipSpace(line, from), to
}

func startsToken(line []rune, at int) bool {
	i := at - 1
	for i >= 0 && unicode.IsSpace(line[i]) {
		i--
	}
	return i < 0 || strings.ContainsRune("{[,:-", line[i])
}

// valueStart skips the key, if there is one.
func valueStart(line []rune, start, end int) int {
	i := start
	if i < end && (line[i] == '"' || line[i] == '\'') {
		i = closing(line[:end], i)
		if i < 0 || i >= end || line[i] != ':' {
			return start
		}
	}
	if i < end && strings.ContainsRune("[{&*!|>@`%", line[i]) {
		return start
	}
	for ; i < end; i++ {
		if line[i] == ':' && (i+1 == end || unicode.IsSpace(line[i+1])) {
			return min(skipSpace(line, i+1), end)
		}
	}
	return start
}

// closingBracket is the index after the bracket that closes the one at the index, or -1.
func closingBracket(line []rune, at int) int {
	depth := 0
	for i := at; i < len(line); i++ {
		switch line[i] {
		case '"', '\'':
			if next := closing(line, i); next > 0 && startsToken(line, i) {
				i = next - 1
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// misread says what YAML takes the value for, or nothing if it is fine.
func misread(value []rune, flow bool) string {
	first := value[0]
	switch first {
	case '>', '|':
		if isBlockHeader(string(value)) && !flow {
			return ""
		}
		return fmt.Sprintf("YAML reads %c as the start of a block of text", first)
	case '!':
		return "YAML reads ! as the start of a tag"
	case '&':
		return "YAML reads & as the name of an anchor"
	case '*':
		return "YAML reads * as a reference to an anchor"
	case '@', '`', '%', ',', ']', '}':
		return fmt.Sprintf("no YAML value can start with %c", first)
	case '-', '?', ':':
		if len(value) == 1 || value[1] == ' ' {
			return fmt.Sprintf("YAML reads %c as an item of a mapping or list", first)
		}
	case '[', '{':
		if junkAfter(value, closingBracket(value, 0)) {
			return fmt.Sprintf("YAML reads %c as the start of a list or mapping, and more follows its end", first)
		}
		return ""
	case '"', '\'':
		if junkAfter(value, closing(value, 0)) {
			return fmt.Sprintf("YAML ends the text at the second %c, and more follows it", first)
		}
		return ""
	}
	return misreadInside(value, flow)
}

func misreadInside(value []rune, flow bool) string {
	text := string(value[:cutComment(value, 0, len(value))])
	switch {
	case strings.Contains(text, ": ") || strings.HasSuffix(text, ":"):
		return "YAML reads : as the end of a key"
	case flow && strings.ContainsAny(text, "[]{}"):
		return "YAML reads brackets inside of { } and [ ] as its own"
	}
	return ""
}

// junkAfter tells whether something else than a comment follows.
func junkAfter(value []rune, at int) bool {
	if at < 0 {
		return false
	}
	next := skipSpace(value, at)
	return next < len(value) && (value[next] != '#' || next == at)
}

// isBlockHeader follows YAML 1.2, section 8.1.1.
func isBlockHeader(value string) bool {
	rest := strings.TrimLeft(value[1:], "-+0123456789")
	if value[0] != '>' && value[0] != '|' || len(value)-len(rest) > 3 {
		return false
	}
	trimmed := strings.TrimLeft(rest, " \t")
	return trimmed == "" || trimmed[0] == '#' && trimmed != rest
}

// continuesFlow tells whether a line is inside of a [ or { that a line before it opened.
func (s *source) continuesFlow(n int) bool {
	balance := 0
	for line := n - 1; line > max(0, n-100); line-- {
		text := []rune(s.repairedLine(line))
		text = text[:cutComment(text, 0, len(text))]
		balance += brackets(text)
		if balance > 0 {
			return true
		}
		if slices.IndexFunc(text, unicode.IsLetter) == 0 {
			return false
		}
	}
	return false
}

// brackets counts the open ones less the closed ones, outside of quotes.
func brackets(line []rune) (open int) {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"', '\'':
			if next := closing(line, i); next > 0 {
				i = next - 1
			}
		case '[', '{':
			open++
		case ']', '}':
			open--
		}
	}
	return open
}
