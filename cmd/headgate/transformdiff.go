package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

// before is a record as it was, to be shown beside what becomes of it.
type before struct {
	out      io.Writer
	conceal  func(string) string
	request  traffic.Request
	response *traffic.Response
}

// keep notes the record. Neither its headers nor its bodies will be written to.
func (b *before) keep(r *traffic.Record) {
	b.request, b.response = traffic.Request{}, nil
	if r.Request != nil {
		b.request = *r.Request
	}
	if r.Response != nil {
		response := *r.Response
		b.response = &response
	}
}

// show prints what has changed, if anything has.
func (b *before) show(r *traffic.Record) {
	if r.Request == nil {
		return
	}
	s := shown{before: b, title: fmt.Sprintf("%s  %s %s", r.ID, b.request.Method, b.request.URL)}
	s.line("url", b.request.URL, r.Request.URL)
	s.line("host", b.request.Host, r.Request.Host)
	s.header("request", b.request.Header, r.Request.Header)
	s.body("request", message(b.request.Header, b.request.Body), message(r.Request.Header, r.Request.Body))
	if b.response != nil {
		s.header("response", b.response.Header, r.Response.Header)
		s.body("response", message(b.response.Header, b.response.Body), message(r.Response.Header, r.Response.Body))
	}
}

// shown is what is printed of one record, its title only where something follows.
type shown struct {
	*before

	title string
}

const (
	mostShown = 200
	// keyShown is how much is shown of a value that is most likely a secret.
	keyShown = 12
)

func (s *shown) line(what, old, now string) {
	if old == now {
		return
	}
	if s.title != "" {
		fmt.Fprintln(s.out, s.conceal(s.title))
		s.title = ""
	}
	fmt.Fprintf(s.out, "  %s\n", what)
	for _, side := range []struct{ sign, text string }{{"-", old}, {"+", now}} {
		if side.text != "" {
			fmt.Fprintf(s.out, "    %s %s\n", side.sign, cut(s.conceal(side.text), mostShown))
		}
	}
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:most], len(text))
}

func (s *shown) header(side string, old, now http.Header) {
	secret := []string{"Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie", "X-Api-Key"}
	for _, name := range sortedKeys(old, now) {
		most := mostShown
		if slices.Contains(secret, name) {
			most = keyShown
		}
		before, after := joined(old[name]), joined(now[name])
		if before != after {
			s.line(side+" header "+name, cut(s.conceal(before), most), cut(s.conceal(after), most))
		}
	}
}

// message is what a body is compared as.
func message(header http.Header, body []byte) *traffic.Response {
	return &traffic.Response{Status: http.StatusOK, Header: header, Body: body}
}

// body shows the values that differ where both bodies have a structure, else where they begin to differ.
func (s *shown) body(side string, old, now *traffic.Response) {
	if bytes.Equal(old.Body, now.Body) {
		return
	}
	c, err := compare.New(compare.DefaultConfig())
	if err != nil {
		return // without rules there is none that could be wrong
	}
	outcome := c.Compare("", old, now, nil)
	for _, d := range outcome.Differences {
		s.line(side+" "+d.Path, d.Expected, d.Actual)
	}
	if len(outcome.Differences) == 0 {
		s.line(side+" body", string(old.Body), string(now.Body))
	}
}
