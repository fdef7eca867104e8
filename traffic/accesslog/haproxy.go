package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
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
func haproxy(line []byte, c *clock) (entry, error) {
	var e entry
	open := bytes.IndexByte(line, '[')
	for open >= 0 && open+1 < len(line) && bytes.IndexByte(line[open:], ':') < 0 {
		open = -1
	}
	if i := bytes.Index(line, []byte("]: ")); i >= 0 && i > open { // the process id of syslog
		if next := bytes.IndexByte(line[i:], '['); next >= 0 {
			open = i + next
		}
	}
	if open < 0 {
		return e, errors.New("no accept date in brackets: expected a line of HAProxy's HTTP log")
	}
	shut := bytes.IndexByte(line[open:], ']') + open
	if shut < open {
		return e, errors.New("no accept date in brackets: expected a line of HAProxy's HTTP log")
	}
	accepted, err := c.parse(haproxyLayout, line[open+1:shut])
	if err != nil {
		return e, err
	}
	before := bytes.Fields(line[:open])
	if len(before) > 0 {
		client := before[len(before)-1]
		if colon := bytes.LastIndexByte(client, ':'); colon > 0 {
			e.address = client[:colon]
		}
	}
	return e, e.haproxyFields(line[shut+1:], accepted)
}

func (e *entry) haproxyFields(rest []byte, accepted time.Time) error {
	quote := bytes.IndexByte(rest, '"')
	if quote < 0 {
		return errors.New("no request in quotes: expected a line of HAProxy's HTTP log, found its TCP log")
	}
	s := scanner{rest: rest[quote:]}
	request, _ := s.next()
	e.request = unhash(request.text)
	fields := bytes.Fields(rest[:quote])
	for i, f := range fields {
		timers := bytes.Split(bytes.TrimPrefix(f, []byte("+")), []byte("/"))
		if len(timers) != 5 || i+2 >= len(fields) {
			continue
		}
		status, err := strconv.Atoi(string(fields[i+1]))
		if err != nil {
			continue
		}
		e.status = status
		e.bytes, _ = number(bytes.TrimPrefix(fields[i+2], []byte("+")))
		return e.timers(timers, accepted)
	}
	return fmt.Errorf("no timers such as 0/0/1/2/3 and status in %.80q", rest[:quote])
}

// timers reads TR/Tw/Tc/Tr/Ta; -1 stands for what never happened.
func (e *entry) timers(list [][]byte, accepted time.Time) error {
	var ms [5]int64
	for i, text := range list {
		n, err := strconv.ParseInt(string(bytes.TrimPrefix(text, []byte("+"))), 10, 64)
		if err != nil {
			return fmt.Errorf("the timers are %q: expected five numbers", bytes.Join(list, []byte("/")))
		}
		ms[i] = max(0, n)
	}
	e.time = accepted.Add(time.Duration(ms[0]) * time.Millisecond)
	e.duration = time.Duration(max(0, ms[4]-ms[0])) * time.Millisecond
	return nil
}

// unhash undoes HAProxy's escapes: #22 is a quote.
func unhash(b []byte) []byte {
	if bytes.IndexByte(b, '#') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '#' && i+2 < len(b) {
			if n, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

// SniffHAProxy tells whether a file begins like HAProxy's log.
func SniffHAProxy(head []byte) bool {
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		var c clock
		_, err := haproxy(line, &c)
		return err == nil
	}
	return false
}
