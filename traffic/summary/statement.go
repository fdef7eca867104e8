package summary

import "strings"

// longestStatement bounds the text of a statement, in bytes.
const longestStatement = 300

// Normal is a statement without its literal values, so that statements that differ in nothing else count as
// one: texts and numbers become ?, lists of them one ?, comments and superfluous space go.
func Normal(sql string) string {
	sql = strings.ToValidUTF8(sql, "")
	var b strings.Builder
	space := false
	for i := 0; i < len(sql) && b.Len() < longestStatement; {
		next, piece := lex(sql, i)
		i = next
		if piece == " " {
			space = b.Len() > 0
			continue
		}
		if space && piece != "," && piece != ";" && piece != ")" {
			b.WriteByte(' ')
		}
		space = false
		b.WriteString(piece)
	}
	text := b.String()
	if len(text) > longestStatement {
		text = strings.ToValidUTF8(text[:longestStatement], "")
	}
	for {
		shorter := strings.NewReplacer("?, ?", "?", "?,?", "?").Replace(text)
		if shorter == text {
			return strings.TrimRight(text, " ;")
		}
		text = shorter
	}
}

// lex is the piece of a statement at i as it is to be written, and where the next one begins.
func lex(sql string, i int) (next int, piece string) {
	rest := sql[i:]
	switch c := rest[0]; {
	case strings.IndexByte(" \t\n\r", c) >= 0:
		return i + 1, " "
	case strings.HasPrefix(rest, "--"):
		return i + behind(rest, "\n", 2), " "
	case strings.HasPrefix(rest, "/*"):
		return i + behind(rest, "*/", 2), " "
	case c == '\'':
		return i + quoted(rest, c), "?"
	case c == '"':
		n := quoted(rest, c)
		return i + n, rest[:n]
	case isWord(c) || c == '$':
		return lexWord(rest, i)
	}
	return i + 1, rest[:1]
}

// lexWord is a name, a number, a parameter or a text in dollars.
func lexWord(rest string, i int) (next int, piece string) {
	number := rest[0] >= '0' && rest[0] <= '9'
	n := 1
	for n < len(rest) && (isWord(rest[n]) || number && rest[n] == '.') {
		n++
	}
	switch {
	case number:
		return i + n, "?"
	case n == 1 && rest[0]|0x20 == 'e' && len(rest) > 1 && rest[1] == '\'':
		return i + 1 + escaped(rest[1:]), "?" // E'text': a quote behind a backslash does not end it
	case rest[0] == '$' && n < len(rest) && rest[n] == '$': // $tag$ text $tag$
		return i + behind(rest, rest[:n+1], n+1), "?"
	}
	return i + n, rest[:n]
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// behind is the place behind the next end.
func behind(text, end string, from int) int {
	i := strings.Index(text[from:], end)
	if i < 0 {
		return len(text)
	}
	return from + i + len(end)
}

// escaped is the length of a text in quotes in which a backslash takes the meaning of what follows.
func escaped(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '\'':
			if i+1 == len(text) || text[i+1] != '\'' {
				return i + 1
			}
			i++
		}
	}
	return len(text)
}

// quoted is the length of a text in quotes, which are doubled within it.
func quoted(text string, quote byte) int {
	for i := 1; i < len(text); i++ {
		if text[i] != quote {
			continue
		}
		if i+1 == len(text) || text[i+1] != quote {
			return i + 1
		}
		i++
	}
	return len(text)
}
