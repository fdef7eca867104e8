package pcap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// outcome reads a capture and writes each record or error in short.
func outcome(file []byte, o Options) []string {
	var list []string
	for r := NewReader("x", bytes.NewReader(file), o); ; {
		record, err := r.Read()
		var left *traffic.LeftOutError
		var malformed *traffic.MalformedError
		switch {
		case errors.Is(err, io.EOF):
			return list
		case errors.As(err, &left), errors.As(err, &malformed):
			list = append(list, err.Error())
		case err != nil:
			return append(list, "ended: "+err.Error())
		default:
			text := fmt.Sprintf("%s %s %s %q", record.ID, record.Request.Method, record.Request.URL, record.Request.Body)
			if a := record.Response; a != nil {
				text += fmt.Sprintf(" %d %q %v", a.Status, a.Body, record.Duration)
			}
			list = append(list, text)
		}
	}
}

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n" }

func answer(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

func TestRead(t *testing.T) {
	cases := map[string]struct {
		talk func(d *dialogue)
		want []string
	}{
		"exchange": {
			func(d *dialogue) { d.say(0, get("/a")); d.say(1, answer("one")) },
			[]string{`x#1 GET /a "" 200 "one" 1ms`},
		},
		"keep-alive": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				d.say(1, answer("one"))
				d.say(0, get("/b"))
				d.say(1, answer("two"))
			},
			[]string{`x#1 GET /a "" 200 "one" 1ms`, `x#2 GET /b "" 200 "two" 1ms`},
		},
		"pipelined, in pieces": {
			func(d *dialogue) {
				d.say(0, get("/a")+get("/b")[:9])
				d.say(0, get("/b")[9:])
				d.say(1, answer("one")+answer("two")[:20])
				d.say(1, answer("two")[20:])
			},
			[]string{`x#1 GET /a "" 200 "one" 2ms`, `x#2 GET /b "" 200 "two" 3ms`},
		},
		"out of order, sent again": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				seq := d.seq[1]
				text := answer("0123456789")
				d.at(1, seq, text[:10])
				d.at(1, seq+20, text[20:])
				d.at(1, seq, text[:10])
				d.at(1, seq+10, text[10:20])
			},
			[]string{`x#1 GET /a "" 200 "0123456789" 4ms`},
		},
		"IPv6": {
			func(d *dialogue) { d.v6 = true; d.say(0, get("/a")); d.say(1, answer("one")) },
			[]string{`x#1 GET /a "" 200 "one" 1ms`},
		},
		"100-continue": {
			func(d *dialogue) {
				d.say(0, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
				d.say(1, "HTTP/1.1 100 Continue\r\n\r\n")
				d.say(0, "hi")
				d.say(1, answer("one"))
			},
			[]string{`x#1 POST / "hi" 200 "one" 3ms`},
		},
		"without bodies": {
			func(d *dialogue) {
				d.say(0, "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"+get("/b")+get("/c")+get("/d"))
				d.say(1, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
				d.say(1, "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"+answer("four"))
			},
			[]string{
				`x#1 HEAD /a "" 200 "" 1ms`, `x#2 GET /b "" 204 "" 1ms`, `x#3 GET /c "" 304 "" 2ms`,
				`x#4 GET /d "" 200 "four" 2ms`,
			},
		},
		"chunked, in pieces": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				d.say(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chun")
				d.say(1, "ked\r\n\r")
				d.say(1, "\n3")
				d.say(1, "\r\none\r")
				d.say(1, "\n4;x=y\r\n and\r\n0\r\nT: 1\r\n")
				d.say(1, "\r\n")
			},
			[]string{`x#1 GET /a "" 200 "one and" 6ms`},
		},
		"an answer before the end of its request": {
			func(d *dialogue) {
				d.say(0, "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n12")
				d.say(1, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
				d.say(0, "345")
				d.exchange("/b", "two")
			},
			[]string{`x#1 POST /a "12345" 413 "" 1ms`, `x#2 GET /b "" 200 "two" 1ms`},
		},
		"an answer in place of the rest of its request": {
			func(d *dialogue) {
				d.say(0, "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n12")
				d.say(1, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
				d.flag(1, fin)
			},
			[]string{`x#1 POST /a "" 413 "" 1ms`},
		},
		"tunnel": {
			func(d *dialogue) {
				d.say(0, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")
				d.say(1, "HTTP/1.1 200 OK\r\n\r\n")
				d.say(0, "\x16\x03\x01 and so on")
			},
			[]string{`x#1 CONNECT h:443 "" 200 "" 1ms`},
		},
		"malformed, then read on": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				d.say(1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
				d.exchange("/b", "two")
			},
			[]string{
				`x: malformed chunk size "zz"`, `x#1 GET /a ""`, `x#2 GET /b "" 200 "two" 1ms`,
			},
		},
		"to the end of the connection": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				d.say(1, "HTTP/1.0 200 OK\r\n\r\nall")
				d.send(1, d.seq[1], "", func(tcp *layers.TCP) { tcp.FIN = true })
			},
			[]string{`x#1 GET /a "" 200 "all" 1ms`},
		},
		"no response": {func(d *dialogue) { d.say(0, get("/a")) }, []string{`x#1 GET /a ""`}},
		"no request": {
			func(d *dialogue) { d.say(1, answer("one")) },
			[]string{"x: left out: responses without their request"},
		},
		"lost segment": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				seq := d.seq[1]
				d.at(1, seq, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123")
				d.at(1, seq+60, "tail of it")
				d.say(0, get("/b"))
				d.say(1, answer("two"))
			},
			[]string{
				"x: left out: messages with lost segments", `x#1 GET /a ""`, `x#2 GET /b "" 200 "two" 1ms`,
			},
		},
		"upgrade": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				d.say(1, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
				d.say(0, "\x81\x01a")
			},
			[]string{`x#1 GET /a "" 101 "" 1ms`},
		},
		"TLS": {
			func(d *dialogue) { d.say(0, "\x16\x03\x01\x02\x00"+strings.Repeat("x", 50)) },
			[]string{"x: left out: encrypted connections (TLS)"},
		},
		"HTTP/2": {
			func(d *dialogue) { d.say(0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
			[]string{"x: left out: HTTP/2 connections"},
		},
		"something else": {
			func(d *dialogue) { d.say(1, "220 mail.test ESMTP ready\r\n"); d.say(0, "EHLO x\r\n") },
			[]string{"x: left out: connections that are no HTTP/1"},
		},
		"not coded as it says": {
			func(d *dialogue) {
				d.say(0, get("/a"))
				d.say(1, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")
			},
			[]string{"x: decoding the body: gzip: unexpected EOF", `x#1 GET /a "" 200 "" 1ms`},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDialogue(t)
			c.talk(d)
			if diff := cmp.Diff(c.want, outcome(d.file.Bytes(), Options{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDirections(t *testing.T) {
	d := newDialogue(t)
	d.say(0, get("/in"))
	d.say(1, answer("one"))
	d.port = 9000
	d.say(0, get("/out"))
	d.say(1, answer("two"))
	r := NewReader("x", bytes.NewReader(d.file.Bytes()), Options{InboundPorts: []int{8080}})
	want := []string{"/in inbound ", "/out outbound h"}
	for _, w := range want {
		record, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %s %s", record.Request.URL, record.Direction, record.Service); got != w {
			t.Errorf("got %s, want %s", got, w)
		}
	}
}

// TestEveryTruncation cuts a capture at every byte: no panic, and the end is told.
func TestEveryTruncation(t *testing.T) {
	d := newDialogue(t)
	d.say(0, get("/a"))
	d.say(1, answer("one"))
	whole := d.file.Bytes()
	for n := range len(whole) {
		list := outcome(whole[:n], Options{})
		if between := n == 24 || n == 24+16+54+len(get("/a")); between {
			continue // at the end of a packet nothing is missing
		}
		if len(list) == 0 || !strings.HasPrefix(list[len(list)-1], "ended: ") {
			t.Fatalf("after %d bytes: %q", n, list)
		}
	}
}

func TestNoCapture(t *testing.T) {
	if got := outcome([]byte("hello, world, this is text"), Options{}); len(got) != 1 ||
		!strings.HasPrefix(got[0], "ended: x: ") {
		t.Errorf("got %q", got)
	}
	if Sniff([]byte("hello")) || !Sniff([]byte("\xd4\xc3\xb2\xa1")) {
		t.Error("sniffed wrongly")
	}
}

func FuzzRead(f *testing.F) {
	d := newDialogue(&testing.T{})
	d.say(0, get("/a"))
	d.say(1, answer("one"))
	f.Add(d.file.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		records, told := readertest.Outcomes(t, NewReader("x", bytes.NewReader(file), Options{}))
		if n := len(records) + len(told); n > len(file)+1 {
			t.Errorf("%d outcomes of %d bytes", n, len(file))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	d := newDialogue(&testing.T{})
	body := strings.Repeat("0123456789", 100)
	for i := range 5000 {
		d.say(0, get(fmt.Sprintf("/orders/%d", i)))
		d.say(1, answer(body))
	}
	file := d.file.Bytes()
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if list := outcome(file, Options{}); len(list) != 5000 {
			b.Fatal(len(list), list[0])
		}
	}
}
