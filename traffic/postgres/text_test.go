package postgres

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBinary(t *testing.T) {
	tests := map[string]struct {
		oid  uint32
		b    string
		want string
	}{
		"an unknown type":                 {99999, "ab", `\x6162`},
		"a type without a text form here": {600, "ab", `\x6162`},
		"an int4 of three bytes":          {23, "abc", `\x616263`},
		"a bool of no bytes":              {16, "", `\x`},
		"a numeric without its digits":    {1700, "\x00\x01\x00\x00\x00\x00\x00\x00", `\x0001000000000000`},
		"an array without its elements": {
			1007, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x17\x00\x00\x00\x02\x00\x00\x00\x01",
			`\x0000000100000000000000170000000200000001`,
		},
		"an array of other elements": {
			1007, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x19",
			`\x000000000000000000000019`,
		},
		"a range without its bounds":  {3904, "\x02", `\x02`},
		"jsonb of another version":    {3802, "\x02{}", `\x027b7d`},
		"an address that is too long": {869, "\x02\x20\x00\x05abcde", `\x022000056162636465`},
		"the least interval": {
			1186, "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "-2562047788:00:54.775808",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := writer{b: []byte("before "), limit: 1000}
			w.binary(test.oid, []byte(test.b))
			if diff := cmp.Diff("before "+test.want, string(w.b)); diff != "" || w.full {
				t.Error(diff)
			}
		})
	}
}

// TestBound writes numbers that are short in binary and long in text.
func TestBound(t *testing.T) {
	long := "\x00\x00\x7f\xff\x00\x00\x00\x00" // a numeric without digits, of the greatest weight
	array := "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06\xa4\x00\x00\xff\xff\x00\x00\x00\x01"
	array += strings.Repeat("\x00\x00\x00\x08"+long, 0xffff)
	const limit = 1 << 20
	w := writer{limit: limit}
	w.binary(1231, []byte(array))
	if !w.full || len(w.b) > 2*limit {
		t.Errorf("%d bytes, full: %v", len(w.b), w.full)
	}
}

func FuzzBinary(f *testing.F) {
	for oid := range types {
		f.Add(oid, binary.BigEndian.AppendUint32(nil, oid))
	}
	f.Fuzz(func(t *testing.T, oid uint32, b []byte) {
		const limit = 1 << 16
		w := writer{limit: limit}
		w.binary(oid, b)
		if len(w.b) > 0x8000*4+0x10000+2*limit {
			t.Errorf("%d bytes of %d", len(w.b), len(b))
		}
	})
}
