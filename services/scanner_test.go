package services_test

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/services"
)

func TestNormalize(t *testing.T) {
	cases := map[string]struct{ line, want string }{
		"words stay":     {"error: connection refused", "error: connection refused"},
		"rfc 3339":       {"2026-11-01T10:00:00.123Z ERROR x", "<time> ERROR x"},
		"offset":         {"2026-11-01 10:00:00,5 +0200 error", "<time> error"},
		"go log":         {"2026/11/01 10:00:00 error", "<time> error"},
		"common log":     {"[01/Nov/2026:10:00:00 +0000] error", "[<time>] error"},
		"syslog":         {"Nov  1 10:00:00 host error", "<time> host error"},
		"rfc 1123":       {"Sun, 01 Nov 2026 10:00:00 GMT error", "<time> GMT error"},
		"uuid":           {"order 6ba7b810-9dad-11d1-80b4-00c04fd430c8 error", "order <uuid> error"},
		"hex":            {"at 0xc000123400 id deadbeef0", "at <hex> id <hex>"},
		"durations":      {"timeout after 1m30.5s or 200ms", "timeout after <duration> or <duration>"},
		"numbers":        {"status=500 size=1,024.5", "status=<number> size=<number>"},
		"addresses":      {"dial tcp 127.0.0.1:5432", "dial tcp <number>:<number>"},
		"issued id":      {"order ord_01hx3kq9 lost", "order <id> lost"},
		"numbered":       {"worker-7 of pool2", "worker-<number> of pool<number>"},
		"quoted":         {`open "a \"b\" 5": no 'such file'`, `open "<text>": no '<text>'`},
		"apostrophe":     {"can't connect, won't retry", "can't connect, won't retry"},
		"space":          {"  error\t x \r", "error x"},
		"invalid":        {"error \xff\xfe", "error ?"},
		"number of json": {`{"level":"error","n":5}`, `{"<text>":"<text>","<text>":<number>}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := services.Normalize(c.line); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("2026-11-01T10:00:00Z panic: order 6ba7b810-9dad-11d1-80b4-00c04fd430c8 'x' \"y\" 5ms 0x1f")
	f.Add("5'abc' \"\\\"1\\\" Mon, 01 Jan 2026 1:2")
	f.Fuzz(func(t *testing.T, line string) {
		got := services.Normalize(line)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n0123456789") {
			t.Errorf("%q became %q", line, got)
		}
		if again := services.Normalize(got); len(got) < 1000 && again != got {
			t.Errorf("%q became %q, and that %q", line, got, again)
		}
	})
}

func BenchmarkNormalize(b *testing.B) {
	const line = `2026-11-01T10:00:00.123Z ERROR worker-7 order 6ba7b810-9dad-11d1-80b4-00c04fd430c8: ` +
		`dial tcp 127.0.0.1:5432: connection refused after 200ms msg="no stock left"`
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		services.Normalize(line)
	}
}

func BenchmarkScanner(b *testing.B) {
	lines := map[string]string{
		"clean": "2026-11-01T10:00:00.123Z INFO order 4711 created for customer 42 in 12ms, total 99.50 EUR",
		"error": "2026-11-01T10:00:00.123Z ERROR order 4711 not created for customer 42 in 12ms",
	}
	for name, text := range lines {
		b.Run(name, func(b *testing.B) {
			s := services.NewScanner(services.LogRules{}, nil)
			for b.Loop() {
				s.Feed(services.Line{Stream: "stdout", Text: text})
			}
		})
	}
}

func feed(s *services.Scanner, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		s.Feed(services.Line{Stream: "stderr", Text: line})
	}
}

func TestScanner(t *testing.T) {
	rules := services.DefaultLogRules()
	rules.Allow = []services.Pattern{services.MustPattern("expected warning")}
	cases := map[string]struct {
		known []string
		text  string
		want  services.LogCounts
	}{
		"clean":   {nil, "starting\nready\nerrors=0 terror", services.LogCounts{Lines: 3}},
		"allowed": {nil, "error: expected warning", services.LogCounts{Lines: 1}},
		"new":     {nil, "ERROR a 1\nERROR a 2", services.LogCounts{Lines: 2, Errors: 2, New: 2}},
		"known": {
			[]string{"ERROR a <number>"},
			"ERROR a 1\nERROR b 2",
			services.LogCounts{Lines: 2, Errors: 2, New: 1},
		},
		"go panic": {
			nil, `panic: error in handler

goroutine 17 [running]:
main.error(0x1)
	/src/error.go:12 +0x1d
created by main.exception in goroutine 1
	/src/main.go:9
exit status 2
next line`,
			services.LogCounts{Lines: 9, Errors: 1, New: 1},
		},
		"java": {
			nil, `java.lang.NullPointerException: error
	at com.acme.error.Handler.handle(Handler.java:5)
Caused by: java.io.IOException: disk
	... 12 more
INFO error
ready`,
			services.LogCounts{Lines: 6, Errors: 2, New: 2},
		},
		"python": {
			nil, `Traceback (most recent call last):
  File "error.py", line 3, in f
    raise error
orders.Bad: no stock
ready`,
			services.LogCounts{Lines: 5, Errors: 1, New: 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := services.NewScanner(rules, c.known)
			feed(s, c.text)
			s.Feed(services.Line{Stream: "build", Text: "error: not scanned"})
			if diff := cmp.Diff(c.want, s.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s\n%+v", diff, s.Patterns())
			}
		})
	}
}

func TestScannerPatterns(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	s := services.NewScanner(services.LogRules{}, []string{"error known <number>"})
	for i, text := range []string{"error known 1", "error known 2", "error b 7", "error a 1", "error a 2"} {
		s.Feed(services.Line{Time: at.Add(time.Duration(i) * time.Second), Text: text})
	}
	want := []services.LogPattern{
		{Text: "error a <number>", Count: 2, Sample: "error a 1", First: at.Add(3 * time.Second), New: true},
		{Text: "error b <number>", Count: 1, Sample: "error b 7", First: at.Add(2 * time.Second), New: true},
		{Text: "error known <number>", Count: 2, Sample: "error known 1", First: at},
	}
	if diff := cmp.Diff(want, s.Patterns()); diff != "" {
		t.Errorf("patterns (-want +got):\n%s", diff)
	}
	learnt := []string{}
	for _, p := range s.Patterns() {
		learnt = append(learnt, p.Text)
	}
	again := services.NewScanner(services.LogRules{}, learnt)
	feed(again, "error a 3\nerror b 9\nerror known 4")
	if diff := cmp.Diff(services.LogCounts{Lines: 3, Errors: 3}, again.Counts()); diff != "" {
		t.Errorf("counts after learning (-want +got):\n%s", diff)
	}
}

func TestScannerIsBounded(t *testing.T) {
	s := services.NewScanner(services.LogRules{}, nil)
	for i := range 5000 {
		word := strings.Map(func(r rune) rune { return 'g' + r - '0' }, strconv.Itoa(i))
		s.Feed(services.Line{Text: "error " + word + strings.Repeat(" x", 2000)})
	}
	patterns := s.Patterns()
	if len(patterns) > 1001 || s.Counts().Errors != 5000 {
		t.Errorf("%d patterns, %+v", len(patterns), s.Counts())
	}
	var sum int64
	for _, p := range patterns {
		sum += p.Count
	}
	if sum != 5000 {
		t.Errorf("the patterns count %d lines, want 5000", sum)
	}
}

func TestTail(t *testing.T) {
	tail := services.NewTail(3)
	if diff := cmp.Diff([]string{}, tail.Texts(5), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("an empty tail (-want +got):\n%s", diff)
	}
	for _, text := range []string{"a", "b", "c", "d", "e"} {
		tail.Add(services.Line{Text: text})
	}
	for n, want := range map[int][]string{-1: {}, 0: {}, 2: {"d", "e"}, 3: {"c", "d", "e"}, 9: {"c", "d", "e"}} {
		if diff := cmp.Diff(want, tail.Texts(n)); diff != "" {
			t.Errorf("last %d (-want +got):\n%s", n, diff)
		}
	}
	if got := (*services.Tail)(nil).Texts(3); got != nil {
		t.Errorf("a nil tail has %q", got)
	}
}

func TestExitErrorIsOneLine(t *testing.T) {
	e := &services.ExitError{
		Service: "orders", Command: []string{"go", "build"}, Exit: services.Exit{Code: 1},
		Log: []string{"main.go:3: undefined: x\rnext", "", " "},
	}
	want := `orders: "go build" ended with exit status 1: main.go:3: undefined: x next`
	if e.Error() != want {
		t.Errorf("got  %q\nwant %q", e.Error(), want)
	}
}
