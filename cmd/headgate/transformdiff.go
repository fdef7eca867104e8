package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/transform"
)

// before is a record as it was, to be shown beside what becomes of it.
type before struct {
	out     io.Writer
	conceal func(string) string
	// secret are the headers of which no value is shown in full.
	secret   []string
	scanner  *safety.Scanner
	request  traffic.Request
	response *traffic.Response
}

func newBefore(out io.Writer, conceal func(string) string, chain *transform.Chain) *before {
	secret := []string{"Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie", "X-Api-Key"}
	return &before{
		out: out, conceal: conceal, secret: append(secret, chain.Tokens()...), scanner: safety.NewScanner(),
	}
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
	if r.Request == nil || r.Request.Query != nil {
		return
	}
	s := shown{before: b, title: fmt.Sprintf("%s  %s ", r.ID, b.request.Method)}
	s.learn(r)
	url := masked(b.request.URL, r.Request.URL)
	s.title += url
	s.line("url", url, r.Request.URL)
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
	// masks lead from each secret that was found to what is shown of it, the longest first.
	masks []string
}

const (
	mostShown = 200
	// shortest is how long a value must be to be looked for in texts: shorter ones are words like any other.
	shortest = 4
	redacted = "REDACTED"
)

// learn finds the secrets and personal data of the record, before and after.
func (s *shown) learn(r *traffic.Record) {
	masks := map[string]string{}
	find := func(f safety.Finding) {
		if len(f.Value) >= shortest {
			masks[f.Value] = f.Mask()
		}
	}
	s.scanner.Scan(&traffic.Record{Request: &s.request, Response: s.response}, find)
	s.scanner.Scan(r, find)
	longest := func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }
	for _, value := range slices.SortedFunc(maps.Keys(masks), longest) {
		s.masks = append(s.masks, value, masks[value])
	}
}

// visible is a text without what is secret in it.
func (s *shown) visible(text string) string {
	return s.conceal(strings.NewReplacer(s.masks...).Replace(text))
}

func (s *shown) line(what, old, now string) {
	if old != now {
		s.print(what, masked(old, now), now)
	}
}

func (s *shown) print(what, old, now string) {
	if s.title != "" {
		fmt.Fprintln(s.out, s.visible(s.title))
		s.title = ""
	}
	fmt.Fprintf(s.out, "  %s\n", what)
	for _, side := range []struct{ sign, text string }{{"-", old}, {"+", now}} {
		if side.text != "" {
			fmt.Fprintf(s.out, "    %s %s\n", side.sign, cut(s.visible(side.text), mostShown))
		}
	}
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes)", text[:most], len(text))
}

// hidden is what is shown of a value that is most likely a secret.
func hidden(value string) string {
	return fmt.Sprintf("*** (%d bytes)", len(value))
}

// masked is a value without what was redacted in it.
func masked(old, now string) string {
	if now == "0" || strings.Contains(now, redacted) && strings.Trim(strings.ReplaceAll(now, redacted, ""), `", `) == "" {
		return hidden(old)
	}
	was, is := strings.Split(old, "&"), strings.Split(now, "&")
	if len(was) != len(is) {
		return old
	}
	for i := range was {
		name, _, found := strings.Cut(was[i], "=")
		_, value, _ := strings.Cut(is[i], "=")
		if found && strings.HasPrefix(value, redacted) {
			was[i] = name + "=***"
		}
	}
	return strings.Join(was, "&")
}

func (s *shown) header(side string, old, now http.Header) {
	for _, name := range sortedKeys(old, now) {
		before, after := joined(old[name]), joined(now[name])
		if before == after {
			continue
		}
		shownBefore, shownAfter := masked(before, after), after
		if slices.Contains(s.secret, name) {
			shownBefore, shownAfter = partly(s.conceal(before)), partly(s.conceal(after))
		}
		s.print(side+" header "+name, shownBefore, shownAfter)
	}
}

// partly is a secret with its scheme, and its first bytes where they do not tell much.
func partly(value string) string {
	const first, long = 4, 20
	scheme, secret := "", value
	if i := strings.IndexByte(value, ' '); i > 0 && !strings.Contains(value[:i], "=") {
		scheme, secret = value[:i+1], value[i+1:]
	}
	switch {
	case secret == "" || secret == redacted || strings.HasPrefix(secret, "***"):
		return value
	case len(secret) < long:
		return scheme + hidden(secret)
	}
	return scheme + secret[:first] + hidden(secret)
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
