package accesslog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// haproxyLayout is the accept date of HAProxy's HTTP log.
const haproxyLayout = "02/Jan/2006:15:04:05.000"

// haproxy reads a line of HAProxy's HTTP log, with or without what syslog puts before it:
//
//	address:port [accept date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes req_cookie res_cookie state
//	actconn/feconn/beconn/srvconn/retries srv_queue/backend_queue [{request headers}] [{response headers}] "request"
//
// The date is when the connection was accepted; the request's own time is that plus TR. What a frontend
// puts between the server and the timers is passed over.
func haproxy(line string, c *clock) (entry, error) {
	var e entry
	open := strings.IndexByte(line, '[')
	for open >= 0 && open+1 < len(line) && strings.IndexByte(line[open:], ':') < 0 {
		open = -1
	}
	if i := strings.Index(line, "]: "); i >= 0 && i > open { // the process id of syslog
		if next := strings.IndexByte(line[i:], '['); next >= 0 {
			open = i + next
		}
	}
	if open < 0 {
		return e, errors.New("no accept date in brackets: expected a line of HAProxy's HTTP log")
	}
	shut := strings.IndexByte(line[open:], ']') + open
	if shut < open {
		return e, errors.New("no accept date in brackets: expected a line of HAProxy's HTTP log")
	}
	accepted, err := c.parse(haproxyLayout, line[open+1:shut])
	if err != nil {
		return e, err
	}
	before := strings.Fields(line[:open])
	if len(before) > 0 {
		client := before[len(before)-1]
		if colon := strings.LastIndexByte(client, ':'); colon > 0 {
			e.address = client[:colon]
		}
	}
	return e, e.haproxyFields(line[shut+1:], accepted)
}

func (e *entry) haproxyFields(rest string, accepted time.Time) error {
	quote := strings.IndexByte(rest, '"')
	if quote < 0 {
		return errors.New("no request in quotes: expected a line of HAProxy's HTTP log, found its TCP log")
	}
	s := scanner{rest: rest[quote:]}
	request, _ := s.next()
	e.request = unhash(request.text)
	fields := strings.Fields(rest[:quote])
	for i, f := range fields {
		if strings.Count(f, "/") != 4 || i+2 >= len(fields) {
			continue
		}
		status, err := strconv.Atoi(fields[i+1])
		if err != nil {
			continue
		}
		e.status = status
		e.bytes, _ = number(strings.TrimPrefix(fields[i+2], "+"))
		return e.timers(strings.Split(strings.TrimPrefix(f, "+"), "/"), accepted)
	}
	return fmt.Errorf("no timers such as 0/0/1/2/3 and status in %.80q", rest[:quote])
}

// timers reads TR/Tw/Tc/Tr/Ta; -1 stands for what never happened.
func (e *entry) timers(list []string, accepted time.Time) error {
	const longest = 1e10
	var ms [5]int64
	for i, text := range list {
		n, err := strconv.ParseInt(strings.TrimPrefix(text, "+"), 10, 64)
		if err != nil || n > longest {
			return fmt.Errorf("the timers are %q: expected five numbers of milliseconds", strings.Join(list, "/"))
		}
		ms[i] = max(0, n)
	}
	e.time = accepted.Add(time.Duration(ms[0]) * time.Millisecond)
	e.duration = time.Duration(max(0, ms[4]-ms[0])) * time.Millisecond
	return nil
}

// unhash undoes HAProxy's escapes: #22 is a quote.
func unhash(b string) string {
	if strings.IndexByte(b, '#') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '#' && i+2 < len(b) {
			if n, err := strconv.ParseUint(b[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return string(out)
}

// SniffHAProxy tells whether a file begins like HAProxy's log.
func SniffHAProxy(head []byte) bool { return begins(head, haproxy) }
