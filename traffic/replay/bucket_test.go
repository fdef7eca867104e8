package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

func TestAccounting(t *testing.T) {
	tests := map[string]struct {
		ends    []Bucket
		planned int
		want    string
	}{
		"all":      {Buckets(), 8, ""},
		"none":     {nil, 0, ""},
		"one lost": {[]Bucket{Matched, Matched}, 3, "3 requests planned, 2 accounted for"},
		"twice":    {[]Bucket{Matched, Shed}, 1, "1 requests planned, 2 accounted for"},
		"unjudged": {[]Bucket{Matched, Answered}, 2, `1 requests ended in "", which is no bucket`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var a Accounting
			for _, b := range test.ends {
				a.Add(b)
			}
			err := a.Check(test.planned)
			if test.want == "" && (err != nil || a.Sum() != test.planned) {
				t.Errorf("got %v, sum %d", err, a.Sum())
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if len(a.Counts()) != len(Buckets()) {
				t.Errorf("counts are %v", a.Counts())
			}
		})
	}
}

func TestClassify(t *testing.T) {
	tests := map[string]struct {
		err  error
		want Bucket
	}{
		"answer":     {nil, Answered},
		"timeout":    {fmt.Errorf("x: %w", ErrTimeout), TimedOut},
		"deadline":   {context.DeadlineExceeded, TimedOut},
		"net":        {&net.DNSError{IsTimeout: true}, TimedOut},
		"cancelled":  {fmt.Errorf("x: %w", context.Canceled), Aborted},
		"unsendable": {fmt.Errorf("%w: x", ErrUnsendable), Skipped},
		"reset":      {errors.New("connection reset by peer"), TransportError},
		"short":      {io.ErrUnexpectedEOF, TransportError},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Classify(test.err); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
