package readertest

import (
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/headgate-dev/headgate/traffic"
)

// Reader is an implementation, with captures that it must stand.
type Reader struct {
	// Open is what is tested.
	Open func(name string, r io.Reader) traffic.Reader
	// Pieces make up a capture of which all is used, with two records at least. A file that ends behind any of
	// them is whole as far as a reader can know; one that ends elsewhere has lost something.
	Pieces []string
	// Quiet are bytes of the capture that may be lost or change into what is lost in silence, such as line breaks of
	// a format whose lines may have more behind them; empty for none.
	Quiet string
	// Unended tells that the last line may lack its line break, as it does where people write such files: cuts are not
	// looked for.
	Unended bool
	// Large writes a capture with the records of Pieces, where a part of the first one is as long as the filler.
	Large func(filler string) string
	// Wrong are captures by what is wrong with them: it must be told, or be a body that is marked as missing.
	Wrong map[string]string
}

// Suite runs every test of the contract.
func Suite(t *testing.T, r Reader) {
	t.Helper()
	s := suite{Reader: r, file: strings.Join(r.Pieces, "")}
	s.whole = s.read(t, s.file)
	if len(s.whole.records) < 2 || len(s.whole.told) > 0 || !atEnd(s.whole.final) {
		t.Fatalf("the capture has %d records, told %q", len(s.whole.records), s.whole.told)
	}
	t.Run("empty", s.empty)
	t.Run("portions", s.portions)
	if !r.Unended {
		t.Run("truncated at every byte", s.truncated)
	}
	t.Run("unreadable from every byte", s.unreadable)
	t.Run("every byte wrong", s.corrupted)
	t.Run("10 MB", s.large)
	for name, file := range r.Wrong {
		t.Run(name, func(t *testing.T) { s.wrong(t, file) })
	}
}

type suite struct {
	Reader

	file  string
	whole outcome
}

func (s *suite) read(tb testing.TB, file string) outcome {
	tb.Helper()
	return read(tb, s.Open("dir/file", strings.NewReader(file)))
}

func (s *suite) empty(t *testing.T) {
	if o := s.read(t, ""); len(o.records) > 0 || o.final == nil {
		t.Errorf("%d records of nothing", len(o.records))
	}
}

// portions reads the capture in other portions.
func (s *suite) portions(t *testing.T) {
	for name, portioned := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "halves": iotest.HalfReader, "end with the data": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []string{s.file, s.file[:len(s.file)*2/3]} {
				want := s.read(t, file)
				got := read(t, s.Open("dir/file", portioned(strings.NewReader(file))))
				if !reflect.DeepEqual(got.records, want.records) || texts(got) != texts(want) {
					t.Errorf("%d bytes: %d records, told %s\nwhile %d records, told %s in one go",
						len(file), len(got.records), texts(got), len(want.records), texts(want))
				}
			}
		})
	}
}

func texts(o outcome) string {
	list := make([]string, len(o.told))
	for i, err := range o.told {
		list[i] = err.Error()
	}
	return strings.Join(list, "; ")
}

// truncated ends the capture early: what is read is right, and what is missing is told.
func (s *suite) truncated(t *testing.T) {
	end := 0
	before, after := outcome{}, s.read(t, "")
	for _, piece := range s.Pieces {
		begin := end
		end += len(piece)
		before, after = after, s.read(t, s.file[:end])
		for n := begin + 1; n < end; n++ {
			got := s.read(t, s.file[:n])
			blank := strings.TrimSpace(s.file[begin:n]) == ""
			switch {
			case complete(got, after), blank && complete(got, before):
			case !toldTruncated(got):
				t.Fatalf("after %d bytes, %q: %d records, told %q, and not that it is truncated",
					n, tail(s.file[:n]), len(got.records), texts(got))
			}
			for _, r := range got.records {
				if !among(r, after.records) && !among(r, before.records) {
					t.Fatalf("after %d bytes, %q: a record that is not in the capture: %+v", n, tail(s.file[:n]), r.Request)
				}
			}
		}
	}
}

// complete tells whether nothing is missing, and nothing told.
func complete(got, want outcome) bool {
	return reflect.DeepEqual(got.records, want.records) && texts(got) == texts(want) && atEnd(got.final)
}

func toldTruncated(o outcome) bool {
	for _, err := range o.told {
		if errors.Is(err, traffic.ErrTruncated) {
			return true
		}
	}
	return false
}

// among looks for a record, which may lack its response.
func among(r *traffic.Record, list []*traffic.Record) bool {
	for _, whole := range list {
		asked := *whole
		asked.Response, asked.Duration = nil, 0
		if reflect.DeepEqual(r, whole) || reflect.DeepEqual(r, &asked) {
			return true
		}
	}
	return false
}

func tail(text string) string { return text[max(0, len(text)-40):] }

// unreadable has the capture end with an error, once, which must be the last that is told.
func (s *suite) unreadable(t *testing.T) {
	broken := errors.New("the disk is gone")
	for n := range len(s.file) + 1 {
		in := io.MultiReader(strings.NewReader(s.file[:n]), &once{err: broken}, strings.NewReader(s.file[n:]))
		o := read(t, s.Open("dir/file", in))
		if !errors.Is(o.final, broken) {
			t.Fatalf("after %d bytes: it ends with %v, told %q", n, o.final, texts(o))
		}
		if !strings.Contains(o.final.Error(), "dir/file") {
			t.Fatalf("after %d bytes: %q does not name the file", n, o.final)
		}
		for _, r := range o.records {
			if !among(r, s.whole.records) {
				t.Fatalf("after %d bytes: a record that is not in the capture: %+v", n, r.Request)
			}
		}
	}
}

// once fails once.
type once struct{ err error }

func (o *once) Read([]byte) (int, error) {
	err := o.err
	if o.err = io.EOF; err == nil {
		err = io.EOF
	}
	return 0, err
}

// corrupted changes one byte: records that are lost are told.
func (s *suite) corrupted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range s.file {
		for _, c := range []byte{0xff, 0, s.file[i] ^ 1<<random.IntN(8), byte(random.Uint32())} {
			broken := s.file[:i] + string([]byte{c}) + s.file[i+1:]
			o := s.read(t, broken)
			quiet := strings.IndexByte(s.Quiet, s.file[i]) >= 0 || strings.IndexByte(s.Quiet, c) >= 0
			if len(o.records) < len(s.whole.records) && len(o.told) == 0 && !quiet {
				t.Fatalf("%q instead of %q behind %q: %d records of %d, and nothing is told",
					c, s.file[i], tail(s.file[:i]), len(o.records), len(s.whole.records))
			}
			if n := len(o.records) + len(o.told); n > len(s.file) {
				t.Fatalf("%q behind %q: %d outcomes", c, tail(s.file[:i]), n)
			}
		}
	}
}

// large reads a record of 10 MB, which is told where it is too long, and those behind it.
func (s *suite) large(t *testing.T) {
	if s.Large == nil {
		t.Skip("the format has no part of any length")
	}
	o := s.read(t, s.Large(strings.Repeat("x", 10<<20)))
	if got := len(o.records) + len(o.told); got != len(s.whole.records) || !atEnd(o.final) {
		t.Errorf("%d records, told %.200q", len(o.records), texts(o))
	}
}

// enough is the memory that a small file may take, whatever lengths stand in it.
const enough = 64 << 20

// wrong reads a capture of which something must be told, within bounds.
func (s *suite) wrong(t *testing.T, file string) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	o := s.read(t, file)
	runtime.ReadMemStats(&after)
	if len(o.told) == 0 && !slices.ContainsFunc(o.records, bodiless) {
		t.Errorf("%d records, and nothing is told", len(o.records))
	}
	if taken := after.TotalAlloc - before.TotalAlloc; taken > enough {
		t.Errorf("it took %d bytes of memory", taken)
	}
}

// bodiless tells whether a record says that it lacks a body.
func bodiless(r *traffic.Record) bool {
	return r.Request.Header.Get(traffic.TruncatedHeader) != "" ||
		r.Response != nil && r.Response.Header.Get(traffic.TruncatedHeader) != ""
}
