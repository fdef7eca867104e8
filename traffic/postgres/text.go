package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// writer writes values in text form.
type writer struct {
	b []byte
	// limit is the length of b up to which more is written; full tells that it was reached.
	limit int
	full  bool
}

// bytes writes what is text already.
func (w *writer) bytes(b []byte) {
	if w.full = w.full || len(w.b)+len(b) > w.limit; !w.full {
		w.b = append(w.b, b...)
	}
}

// binary writes a value that was sent in binary: as \x and its bytes where the type is not known or the
// bytes are none of its values.
func (w *writer) binary(oid uint32, b []byte) {
	t, began := types[oid], len(w.b)
	if t == nil || t.write == nil || !t.write(w, t, b) {
		w.b = w.b[:began]
		w.bytea(t, b)
	}
	w.full = w.full || len(w.b) > w.limit
}

func (w *writer) bytea(_ *typ, b []byte) bool {
	if w.full = w.full || len(w.b)+2*len(b) > w.limit; !w.full {
		w.b = hex.AppendEncode(append(w.b, `\x`...), b)
	}
	return true
}

func (w *writer) plain(_ *typ, b []byte) bool {
	w.bytes(b)
	return true
}

// versioned writes a text behind a byte with the number of its version.
func (w *writer) versioned(_ *typ, b []byte) bool {
	if len(b) == 0 || b[0] != 1 {
		return false
	}
	w.bytes(b[1:])
	return true
}

func (w *writer) boolean(_ *typ, b []byte) bool {
	if len(b) != 1 {
		return false
	}
	w.b = append(w.b, "ft"[min(b[0], 1)])
	return true
}

// character writes a value of the type "char": one byte.
func (w *writer) character(_ *typ, b []byte) bool {
	if len(b) != 1 || b[0] >= 0x80 {
		return false
	}
	if b[0] != 0 {
		w.b = append(w.b, b[0])
	}
	return true
}

// number reads an integer of 2, 4 or 8 bytes.
func number(b []byte) (n int64, ok bool) {
	switch len(b) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b))), true
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b))), true
	case 8:
		return int64(binary.BigEndian.Uint64(b)), true
	}
	return 0, false
}

func (w *writer) integer(_ *typ, b []byte) bool {
	n, ok := number(b)
	w.b = strconv.AppendInt(w.b, n, 10)
	return ok
}

func (w *writer) unsigned(_ *typ, b []byte) bool {
	n, ok := number(b)
	if len(b) == 4 {
		n = int64(uint32(n))
	}
	w.b = strconv.AppendUint(w.b, uint64(n), 10)
	return ok
}

func (w *writer) float4(_ *typ, b []byte) bool {
	if len(b) != 4 {
		return false
	}
	w.float(float64(math.Float32frombits(binary.BigEndian.Uint32(b))), 32, 6)
	return true
}

func (w *writer) float8(_ *typ, b []byte) bool {
	if len(b) != 8 {
		return false
	}
	w.float(math.Float64frombits(binary.BigEndian.Uint64(b)), 64, 15)
	return true
}

// float writes the shortest form that reads back alike, with an exponent from so many digits on.
func (w *writer) float(f float64, size, digits int) {
	switch {
	case math.IsInf(f, 1):
		w.b = append(w.b, "Infinity"...)
		return
	case math.IsInf(f, -1):
		w.b = append(w.b, "-Infinity"...)
		return
	case math.IsNaN(f):
		w.b = append(w.b, "NaN"...)
		return
	}
	began := len(w.b)
	w.b = strconv.AppendFloat(w.b, f, 'e', -1, size)
	_, exponent, _ := strings.Cut(string(w.b[began:]), "e")
	if n, err := strconv.Atoi(exponent); err == nil && n >= -4 && n < digits {
		w.b = strconv.AppendFloat(w.b[:began], f, 'f', -1, size)
	}
}

func (w *writer) uuid(_ *typ, b []byte) bool {
	if len(b) != 16 {
		return false
	}
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			w.b = append(w.b, '-')
		}
		w.b = hex.AppendEncode(w.b, b[:end-(16-len(b))])
		b = b[end-(16-len(b)):]
	}
	return true
}

// inet writes an address with its prefix: inet without that of a single host.
func (w *writer) inet(t *typ, b []byte) bool {
	if len(b) < 4 || len(b) != 4+int(b[3]) {
		return false
	}
	address, ok := netip.AddrFromSlice(b[4:])
	if !ok || int(b[1]) > address.BitLen() {
		return false
	}
	w.b = address.AppendTo(w.b)
	if t.name == "cidr" || int(b[1]) < address.BitLen() {
		w.b = strconv.AppendUint(append(w.b, '/'), uint64(b[1]), 10)
	}
	return true
}

func (w *writer) mac(_ *typ, b []byte) bool {
	w.b = append(w.b, net.HardwareAddr(b).String()...)
	return len(b) == 6 || len(b) == 8
}

func (w *writer) bits(_ *typ, b []byte) bool {
	if len(b) < 4 {
		return false
	}
	n := int(binary.BigEndian.Uint32(b))
	b = b[4:]
	if n < 0 || (n+7)/8 != len(b) {
		return false
	}
	if w.full = w.full || len(w.b)+n > w.limit; w.full {
		return true
	}
	for i := range n {
		w.b = append(w.b, '0'+b[i/8]>>(7-i%8)&1)
	}
	return true
}

// lsn writes a place in the write-ahead log.
func (w *writer) lsn(_ *typ, b []byte) bool {
	if len(b) != 8 {
		return false
	}
	half := func(b []byte) string {
		return strings.ToUpper(strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 16))
	}
	w.b = append(w.b, half(b[:4])+"/"+half(b[4:])...)
	return true
}
