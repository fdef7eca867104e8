// Package readertest is the conformance suite of [traffic.Reader]: whatever is in a file and however it comes,
// a reader ends, and what it does not read it tells.
package readertest

import (
	"errors"
	"io"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// Outcomes reads all that a reader has: its records, and the text of every error but io.EOF. What holds for every
// reader is checked: it ends, the error that it ends with stays, and what [traffic.Record.Check] lets pass can be
// written as JSON and read again.
func Outcomes(tb testing.TB, r traffic.Reader) (records []*traffic.Record, told []string) {
	tb.Helper()
	o := read(tb, r)
	for _, err := range o.told {
		told = append(told, err.Error())
	}
	return o.records, told
}

// outcome is all that a reader returned; told are its errors but io.EOF.
type outcome struct {
	records []*traffic.Record
	told    []error
	final   error
}

// most is how many outcomes no capture of a test has.
const most = 1 << 20

func read(tb testing.TB, r traffic.Reader) (o outcome) {
	tb.Helper()
	for range most {
		record, err := r.Read()
		if err == nil {
			writable(tb, record)
			o.records = append(o.records, record)
			continue
		}
		if record != nil {
			tb.Fatalf("a record with the error %v", err)
		}
		if passes(err) {
			o.told = append(o.told, err)
			continue
		}
		if o.final = err; !atEnd(err) {
			o.told = append(o.told, err)
		}
		stays(tb, r, err)
		return o
	}
	tb.Fatalf("it has not ended after %d outcomes", most)
	return o
}

// atEnd tells whether a reader has come to the end of a file. An error that wraps io.EOF is none.
func atEnd(err error) bool { return errors.Is(err, io.EOF) && err.Error() == io.EOF.Error() }

// passes tells whether an error concerns one record only.
func passes(err error) bool {
	_, malformed := errors.AsType[*traffic.MalformedError](err)
	_, left := errors.AsType[*traffic.LeftOutError](err)
	return malformed || left
}

// stays reads behind the end.
func stays(tb testing.TB, r traffic.Reader, final error) {
	tb.Helper()
	for range 2 {
		record, err := r.Read()
		if record != nil || err == nil || err.Error() != final.Error() {
			tb.Fatalf("it has ended with %q, and then read %v, %v", final, record, err)
		}
	}
}

// writable writes a record as JSON and reads it again.
func writable(tb testing.TB, r *traffic.Record) {
	tb.Helper()
	if r == nil || r.Request == nil {
		tb.Fatalf("a record without a request: %+v", r)
	}
	if r.Check() != nil {
		return
	}
	b, err := r.AppendJSON(nil)
	if err == nil {
		_, err = new(traffic.Decoder).Decode(b)
	}
	if err != nil {
		tb.Fatalf("the record cannot be written and read again: %v\n%s", err, b)
	}
}
