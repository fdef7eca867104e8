package services

import (
	"regexp"
	"strings"
)

// maxNormalized bounds how much of a line makes its pattern, in bytes.
const maxNormalized = 1024

// Parts of timeForm.
const (
	month   = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`
	weekday = `(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?`
	date    = `(?:\d{4}[-/]\d\d[-/]\d\d|\d{1,2}[ /-]` + month + `[ /-]\d{4}|` + month + ` \d{1,2})`
	clock   = `\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+-]\d\d:?\d\d)?`
)

var (
	// timeForm finds RFC 3339, RFC 1123, ANSI C, syslog, common log and Go log times, or parts of them.
	timeForm     = regexp.MustCompile(`^(?:` + weekday + date + `(?:[T :]` + clock + `)?|` + clock + `)\b`)
	durationForm = regexp.MustCompile(`^(?:\d+(?:\.\d+)?(?:ns|us|\x{b5}s|ms|s|m|h))+\b`)
	numberForm   = regexp.MustCompile(`^\d+(?:[.,]\d+)*`)
	uuidForm     = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

// Normalize reduces a log line to its pattern: times, UUIDs, hexadecimal and other issued ids, numbers,
// durations and quoted text become placeholders. Two lines with the same pattern tell of the same
// thing. The pattern is valid UTF-8 on one line, without digits, made from the first KiB of the line;
// normalising it again changes nothing.
func Normalize(line string) string {
	line = line[:min(len(line), maxNormalized)]
	n := normalizer{in: strings.Join(strings.Fields(strings.ToValidUTF8(line, "?")), " ")}
	for n.at < len(n.in) {
		n.step()
	}
	return string(n.out)
}

// normalizer goes over a line once. It looks at what stands before a place in out, not in the line, so
// that a second pass would see the same.
type normalizer struct {
	in  string
	at  int
	out []byte
}

// step takes the next quoted text, word or byte.
func (n *normalizer) step() {
	c := n.in[n.at]
	switch {
	case c == '"' || c == '\'' && !n.afterWord():
		n.quoted(c)
	case inWord(c):
		n.word()
	default:
		n.pass(1)
	}
}

// pass copies so many bytes.
func (n *normalizer) pass(size int) {
	n.out = append(n.out, n.in[n.at:n.at+size]...)
	n.at += size
}

// put writes a placeholder for so many bytes.
func (n *normalizer) put(placeholder string, size int) {
	n.out = append(n.out, placeholder...)
	n.at += size
}

func (n *normalizer) afterWord() bool { return len(n.out) > 0 && inWord(n.out[len(n.out)-1]) }

// quoted replaces the text up to the closing quote; a quote that is never closed is a character.
func (n *normalizer) quoted(quote byte) {
	for i := n.at + 1; i < len(n.in); i++ {
		switch {
		case n.in[i] == '\\' && quote == '"':
			i++
		case n.in[i] == quote:
			n.put(string(quote)+"<text>"+string(quote), i+1-n.at)
			return
		}
	}
	n.pass(1)
}

// word replaces a word by what it is; a word without a digit stays, unless a time begins with it.
func (n *normalizer) word() {
	rest := n.in[n.at:]
	size := 1
	for size < len(rest) && inWord(rest[size]) {
		size++
	}
	if isDigit(rest[0]) || beginsTime(rest) {
		if found := timeForm.FindString(rest); found != "" {
			n.time(len(found))
			return
		}
	}
	word := rest[:size]
	if !strings.ContainsAny(word, digits) {
		n.pass(size)
		return
	}
	if found := durationForm.FindString(rest); found != "" {
		n.put("<duration>", len(found))
		return
	}
	if kind := kindOf(word); kind != "" {
		n.put(kind, size)
		return
	}
	n.numbers(n.at + size)
}

// time writes one placeholder for all the times in a row.
func (n *normalizer) time(size int) {
	const placeholder = "<time>"
	if before := strings.TrimRight(string(n.out), " ,"); strings.HasSuffix(before, placeholder) {
		n.out = n.out[:len(before)]
		n.at += size
		return
	}
	n.put(placeholder, size)
}

// numbers replaces the numbers that begin before end.
func (n *normalizer) numbers(end int) {
	for n.at < end {
		if !isDigit(n.in[n.at]) {
			n.pass(1)
			continue
		}
		n.put("<number>", len(numberForm.FindString(n.in[n.at:])))
	}
}

const digits = "0123456789"

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func inWord(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'
}

// beginsTime tells whether a time may begin here with the name of a month or a day.
func beginsTime(s string) bool {
	if len(s) < 3 {
		return false
	}
	switch s[:3] {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
		"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return true
	}
	return false
}

// makeup counts the digits and letters of a word and tells whether all of it is hexadecimal, after 0x or not.
func makeup(word string) (digits, letters int, hex bool) {
	hex = true
	for i := range len(word) {
		c := word[i]
		switch {
		case isDigit(c):
			digits++
		case c == '_' || c == '-':
			hex = false
		default:
			letters++
			hex = hex && (c|0x20 <= 'f' || c|0x20 == 'x' && i == 1 && word[0] == '0')
		}
	}
	return digits, letters, hex
}

// kindOf names the kind of a word that was made up by a machine: at least eight characters, all of them
// hexadecimal, or one in six a digit. A number is none.
func kindOf(word string) string {
	if len(word) == 36 && uuidForm.MatchString(word) {
		return "<uuid>"
	}
	count, letters, hex := makeup(word)
	switch {
	case hex && letters > 0 && (len(word) >= 8 || strings.HasPrefix(word, "0x")):
		return "<hex>"
	case letters > 0 && len(word) >= 8 && count*6 >= len(word):
		return "<id>"
	}
	return ""
}
