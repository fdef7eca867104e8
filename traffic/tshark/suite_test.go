package tshark

import (
	"io"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	row := func(text string) string { return strings.ReplaceAll(text, "|", "\t") + "\n" }
	head := row("frame.number|frame.time_epoch|http.request.method|http.request.full_uri|http.request.line|" +
		"http.response.code|http.request_in|http.time|http.file_data")
	request := func(body string) string {
		return row(`4|1793534400.000000001|POST|http://h.test/a?b=c|Host: h.test\r\n,A: é\r\n||||` + body)
	}
	rest := []string{
		row(`6|1793534400.250000000||||200|4|0.125|4142`), row(`7|1793534401.5|GET|http://h.test/b|||||`),
		row(`8|1793534402.5||||404|7|1|`),
	}
	readertest.Suite(t, readertest.Reader{
		Open:   func(name string, r io.Reader) traffic.Reader { return NewReader(name, r, Options{}) },
		Pieces: append([]string{head, request("7b7d")}, rest...),
		Large: func(filler string) string {
			return head + request(strings.ReplaceAll(filler, "x", "41")) + strings.Join(rest, "")
		},
		Wrong: map[string]string{
			"headless": request("7b7d"), "other": "hello\n",
			"time": head + row(`4|1e300|GET|http://h.test/a||||`), "cells": head + "4\t5\n",
		},
	})
}
