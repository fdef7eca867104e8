package accesslog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// layout is the time of the common log format.
const layout = "02/Jan/2006:15:04:05 -0700"

// combined reads a line of the common or combined log format, with what servers put before and behind:
//
//	[host] address... ident user [time] "request" status bytes ["referer" "user agent"] [more]
//
// Of more, the first number with a decimal point is the request time in seconds (nginx), and one with
// "ms" at the end that of Traefik; {"request_body"} is not told apart from other quoted fields and is read
// in JSON logs only.
func combined(line string, c *clock) (entry, error) {
	var e entry
	open := strings.IndexByte(line, '[')
	shut := strings.IndexByte(line, ']')
	if open < 0 || shut < open {
		return e, errors.New("no time in brackets: expected a line of the common or combined log format")
	}
	var err error
	if e.time, err = c.parse(layout, line[open+1:shut]); err != nil {
		return e, err
	}
	e.client(line[:open])
	s := scanner{rest: line[shut+1:]}
	f, ok := s.next()
	for ok && !f.quoted { // what stands between the time and the request
		f, ok = s.next()
	}
	if e.request = f.text; !ok {
		return e, errors.New("no request in quotes behind the time")
	}
	if err := e.numbers(&s); err != nil {
		return e, err
	}
	e.more(&s)
	return e, nil
}

// client reads what stands before the time.
func (e *entry) client(b string) {
	i := 0
	for f := range strings.FieldsSeq(b) {
		f = strings.TrimSuffix(f, ",")
		switch address := isAddress(f); {
		case !address && i == 0 && f != "-" && len(strings.Fields(b)) > 3:
			e.host = f
		case !address && i > 1 && e.address == "":
			return
		case e.address == "":
			e.address = f
		}
		i++
	}
}

// isAddress tells whether a field looks like an IP address.
func isAddress(f string) bool {
	dots, colons := 0, 0
	for i := range len(f) {
		c := f[i]
		switch {
		case c == '.':
			dots++
		case c == ':':
			colons++
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'f':
		default:
			return false
		}
	}
	return dots == 3 || colons >= 2
}

// numbers reads status and size.
func (e *entry) numbers(s *scanner) error {
	status, ok := s.next()
	if !ok {
		return errors.New("nothing behind the request: expected a status")
	}
	if bare, numeric := number(status.text); numeric && bare < 1000 && len(status.text) == 3 {
		e.status = int(bare)
	} else if none(status.text) || numeric { // no status in this format, such as mod_ssl's request log
		return fmt.Errorf("behind the request stands %q: expected a status such as 200", status.text)
	} else {
		return fmt.Errorf("the status is %.40q: expected a number", status.text)
	}
	if size, ok := s.peek(); ok && !size.quoted {
		e.bytes = -1
		if n, numeric := number(size.text); numeric {
			e.bytes = n
		} else if none(size.text) {
			e.bytes = 0
		} else {
			return fmt.Errorf("the size is %.40q: expected a number", size.text)
		}
		s.next()
	}
	return nil
}

// more reads referer and user agent, and the request time behind them.
func (e *entry) more(s *scanner) {
	quoted := 0
	for f, ok := s.next(); ok; f, ok = s.next() {
		switch {
		case (f.quoted || none(f.text)) && quoted == 0:
			e.referer = f.text
			quoted++
		case f.quoted && quoted == 1:
			e.agent = f.text
			quoted++
		case !f.quoted && e.duration == 0:
			e.duration = requestTime(f.text)
		}
	}
}

// requestTime reads seconds with decimals, or milliseconds with their unit; 0 where it is neither, or longer than
// any request takes.
func requestTime(f string) time.Duration {
	const longest = 1e7 // seconds
	if ms, ok := strings.CutSuffix(f, "ms"); ok {
		n, err := strconv.ParseFloat(ms, 64)
		if err != nil || !(n >= 0 && n < 1e3*longest) {
			return 0
		}
		return time.Duration(n * float64(time.Millisecond))
	}
	whole, decimals, ok := strings.Cut(f, ".")
	seconds, fine := number(whole)
	thousandths, finer := number(decimals)
	if !ok || !fine || !finer || len(decimals) != 3 || seconds > longest {
		return 0
	}
	return time.Duration(seconds)*time.Second + time.Duration(thousandths)*time.Millisecond
}

// number reads decimal digits.
func number(b string) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for i := range len(b) {
		c := b[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// Sniff tells whether a file begins like an access log in the common format.
func Sniff(head []byte) bool { return begins(head, combined) }
