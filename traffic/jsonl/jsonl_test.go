package jsonl

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

func record(id string) *traffic.Record {
	return &traffic.Record{
		ID: id, Time: time.Unix(1, 5).UTC(), Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request:  &traffic.Request{Method: "GET", URL: "/" + id, Header: http.Header{"A": {"b"}}},
		Response: &traffic.Response{Status: 200, Body: []byte("caf\u00e9\n")},
	}
}

func sample(tb testing.TB, ids ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, id := range ids {
		if err := w.Write(record(id)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// outcome is all that a reader returned, errors as text.
func drain(r traffic.Reader) (records []*traffic.Record, malformed []error, final error) {
	for {
		record, err := r.Read()
		var bad *traffic.MalformedError
		switch {
		case err == nil:
			records = append(records, record)
		case errors.As(err, &bad):
			malformed = append(malformed, err)
		default:
			return records, malformed, err
		}
	}
}

func TestRoundTrip(t *testing.T) {
	got, malformed, err := drain(NewReader("x", bytes.NewReader(sample(t, "a", "b"))))
	if diff := cmp.Diff([]*traffic.Record{record("a"), record("b")}, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if malformed != nil || !errors.Is(err, io.EOF) {
		t.Errorf("got %v and %v", malformed, err)
	}
}

func TestBadLines(t *testing.T) {
	line := strings.TrimSpace(string(sample(t, "a")))
	tests := map[string]struct {
		in   string
		good int
		want []string
	}{
		"empty":            {"", 0, nil},
		"blank lines":      {"\n\r\n  \n" + line + "\r\n\n", 1, nil},
		"byte order mark":  {"\xef\xbb\xbf" + line, 1, nil},
		"no last newline":  {line + "\n" + line, 2, nil},
		"text between":     {line + "\nhello\n" + line + "\n", 2, []string{"x:2: not valid JSON"}},
		"nul bytes":        {"\x00\x00\n" + line + "\n", 1, []string{"x:1: not valid JSON"}},
		"not utf-8":        {"\xff" + line + "\n" + line, 1, []string{"x:1: invalid UTF-8"}},
		"cut off":          {line + "\n" + line[:20], 1, []string{"x:2: last line is truncated"}},
		"whole but wrong":  {line + "\n{}", 1, []string{"x:2: id is missing"}},
		"two on one line":  {line + line + "\n", 0, []string{"x:1: not valid JSON"}},
		"many bad in turn": {"1\n2\n" + line, 1, []string{"x:1: found number", "x:2: found number"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := NewReader("x", iotest.OneByteReader(strings.NewReader(test.in)))
			got, malformed, err := drain(r)
			if len(got) != test.good || !errors.Is(err, io.EOF) || len(malformed) != len(test.want) {
				t.Fatalf("got %d records, %v, %v", len(got), malformed, err)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(malformed[i].Error(), want) {
					t.Errorf("got %v, want %q", malformed[i], want)
				}
			}
			if _, again := r.Read(); !errors.Is(again, io.EOF) {
				t.Errorf("after the end got %v", again)
			}
		})
	}
}

func TestLongLine(t *testing.T) {
	line := string(sample(t, "a"))
	limit := len(line) - 1
	tests := map[string]struct {
		in              string
		good, malformed int
	}{
		"at the limit":  {line, 1, 0},
		"above it":      {strings.Repeat("x", limit+1) + "\n" + line, 1, 1},
		"far above it":  {strings.Repeat("x", 300<<10) + "\n" + line, 1, 1},
		"last and long": {line + strings.Repeat("x", 300<<10), 1, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, malformed, err := drain(newReader("x", strings.NewReader(test.in), limit))
			if len(got) != test.good || len(malformed) != test.malformed || !errors.Is(err, io.EOF) {
				t.Errorf("got %d records, %v, %v", len(got), malformed, err)
			}
		})
	}
}

func TestTenMegabyteLine(t *testing.T) {
	big := record("big")
	big.Response.Body = bytes.Repeat([]byte("0123456789"), 1<<20)
	line, err := big.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	got, malformed, _ := drain(NewReader("x", bytes.NewReader(line)))
	if len(got) != 1 || malformed != nil || !bytes.Equal(got[0].Response.Body, big.Response.Body) {
		t.Errorf("got %d records, %v", len(got), malformed)
	}
}

func TestReadErrorIsFinal(t *testing.T) {
	broken := errors.New("disk on fire")
	in := io.MultiReader(bytes.NewReader(sample(t, "a")), strings.NewReader(`{"id"`), iotest.ErrReader(broken))
	r := NewReader("x", in)
	got, malformed, err := drain(r)
	if len(got) != 1 || malformed != nil || !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %d records, %v, %v", len(got), malformed, err)
	}
	if _, again := r.Read(); !errors.Is(again, broken) {
		t.Errorf("then got %v", again)
	}
}

// Cut at any byte, the whole lines before the cut are read and what is left is told.
func TestTruncationAtEveryByte(t *testing.T) {
	whole := sample(t, "a", "b")
	for n := range len(whole) {
		got, malformed, err := drain(NewReader("x", bytes.NewReader(whole[:n])))
		cut := whole[:n]
		lines := bytes.Count(cut, []byte("\n"))
		rest := cut[bytes.LastIndexByte(cut, '\n')+1:]
		isWhole := len(rest) > 0 && rest[len(rest)-1] == '}' && n+1 < len(whole) && whole[n] == '\n'
		isWhole = isWhole || n+1 == len(whole)
		wantGood, wantBad := lines, 0
		if isWhole {
			wantGood++
		} else if len(rest) > 0 {
			wantBad = 1
		}
		if len(got) != wantGood || len(malformed) != wantBad || !errors.Is(err, io.EOF) {
			t.Fatalf("cut at %d: %d records, %v, %v", n, len(got), malformed, err)
		}
		if wantBad == 1 && !errors.Is(malformed[0], traffic.ErrTruncated) {
			t.Fatalf("cut at %d: %v", n, malformed[0])
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterTellsErrors(t *testing.T) {
	w := NewWriter(failing{})
	if err := w.Write(record("a")); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
	large := record("b")
	large.Response.Body = bytes.Repeat([]byte("x"), 10<<10)
	if err := w.Write(large); err == nil {
		t.Error("a write after the error passed")
	}
}

func FuzzReader(f *testing.F) {
	f.Add(sample(f, "a", "b"))
	f.Add([]byte("\n\x00{}\n[]"))
	f.Add([]byte("\xef\xbb\xbf{\"id\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		records, malformed := readertest.Outcomes(t, NewReader("x", bytes.NewReader(in)))
		filled := 0
		for line := range bytes.SplitSeq(bytes.TrimPrefix(in, []byte("\xef\xbb\xbf")), []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				filled++
			}
		}
		if len(records)+len(malformed) != filled {
			t.Fatalf("%d lines, %d records, %d malformed", filled, len(records), len(malformed))
		}
	})
}

func BenchmarkRead(b *testing.B) {
	in := bytes.Repeat(sample(b, "a"), 1000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		r := NewReader("x", bytes.NewReader(in))
		for range 1000 {
			if _, err := r.Read(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
