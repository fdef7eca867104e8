package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
)

// answer300 is what the target answers to everything: 300 bytes of JSON.
func answer300() []byte { return placed("115.40", "08:30:00") }

// placed is an order of this total, placed at this time of day, in 300 bytes of JSON.
func placed(total, at string) []byte {
	body := []byte(`{"id":"ord_261120abcdefghij","status":"paid","total":` + total +
		`,"placed_at":"2026-11-20T` + at + `Z","items":[`)
	body = append(body, bytes.Repeat([]byte(`{"sku":"sku-1001","qty":1,"unit_price":29.90},`), 3)...)
	body = append(bytes.TrimSuffix(body, []byte(",")), `],"note":"`...)
	body = append(body, bytes.Repeat([]byte("x"), 300-len(body)-2)...)
	return append(body, `"}`...)
}

// serveTarget answers every request on the listener with the same bytes, with as little work as
// possible, so that the sender is what is measured.
func serveTarget(l net.Listener) error {
	body := answer300()
	response := []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + string(body))
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go answerAll(c, response)
	}
}

// answerAll reads requests off one connection until it ends.
func answerAll(c net.Conn, response []byte) {
	defer c.Close()
	in := bufio.NewReaderSize(c, 16<<10)
	for {
		length, err := skipHead(in)
		if err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, in, int64(length)); err != nil {
			return
		}
		if _, err := c.Write(response); err != nil {
			return
		}
	}
}

// skipHead reads up to the empty line and returns the length of the body behind it.
func skipHead(in *bufio.Reader) (length int, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			return length, nil
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
	}
}
