package postgres

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
)

// conversation has all that a connection holds, with what is left out of it.
func conversation() []part {
	return slices.Concat([]part{start, welcome}, simple("select 'first'", "first"), []part{
		asked(
			&pgproto3.Parse{Name: "s1", Query: "select $1::int4"}, &pgproto3.Describe{ObjectType: 'S', Name: "s1"},
			&pgproto3.Sync{},
		),
		answered(&pgproto3.ParseComplete{}, &pgproto3.ParameterDescription{ParameterOIDs: []uint32{23}}, intField,
			ready),
		asked(
			&pgproto3.Bind{PreparedStatement: "s1", Parameters: [][]byte{[]byte("7")}}, &pgproto3.Execute{},
			&pgproto3.Sync{},
		),
		answered(&pgproto3.BindComplete{}, row1("7"), done("SELECT 1"), ready),
		asked(
			&pgproto3.Parse{Query: "update a set b = $1"}, &pgproto3.Bind{Parameters: [][]byte{[]byte("x")}},
			&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{},
			&pgproto3.Parse{Query: "select 1/0"}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'},
			&pgproto3.Execute{},
			&pgproto3.Parse{Query: "select 'never'"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{},
		),
		answered(&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, &pgproto3.NoData{}, done("UPDATE 3")),
		answered(&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, intField, broken, ready),
		asked(&pgproto3.Close{ObjectType: 'S', Name: "s1"}, &pgproto3.Sync{}),
		answered(&pgproto3.CloseComplete{}, ready),
		asked(&pgproto3.Query{String: "select 'a'; select 'b'"}),
		answered(textField, row1("a"), done("SELECT 1"), textField, row1("b"), done("SELECT 1"), ready),
		asked(&pgproto3.Query{String: "copy a to stdout"}),
		answered(&pgproto3.CopyOutResponse{}, &pgproto3.CopyData{Data: []byte("data")}, &pgproto3.CopyDone{},
			done("COPY 1"), ready),
	}, simple("select 'last'", "last"))
}

// whole are the records of the conversation.
func whole(t *testing.T) []string {
	t.Helper()
	k := &kept{}
	c := NewConn(k.options())
	feed(c, conversation())
	c.Close()
	if len(k.records) != 6 || len(k.left) != 2 {
		t.Fatalf("%q, left out: %q", tell(k), k.left)
	}
	return tell(k)
}

// TestPieces feeds the conversation byte by byte: nothing changes.
func TestPieces(t *testing.T) {
	k := &kept{}
	c := NewConn(k.options())
	for _, p := range conversation() {
		for i := range p.b {
			feed(c, []part{{p.client, p.b[i : i+1]}})
		}
	}
	c.Close()
	if diff := cmp.Diff(whole(t), tell(k)); diff != "" {
		t.Error(diff)
	}
}

// TestTruncated ends the conversation after each byte: what is recorded is what was answered until then.
func TestTruncated(t *testing.T) {
	all := whole(t)
	for n, parts := range conversation() {
		for end := range parts.b {
			k := &kept{}
			c := NewConn(k.options())
			feed(c, append(conversation()[:n:n], part{parts.client, parts.b[:end]}))
			c.Close()
			got := slices.DeleteFunc(tell(k), func(s string) bool { return strings.HasSuffix(s, "=> nothing") })
			if len(got) > len(all) || !slices.Equal(got, all[:len(got)]) {
				t.Fatalf("part %d, byte %d: %q", n, end, got)
			}
			if c.size != 0 {
				t.Fatalf("part %d, byte %d: %d bytes are still counted", n, end, c.size)
			}
		}
	}
}

// TestGaps loses bytes at each place: no record is wrong, and what is missing is told.
func TestGaps(t *testing.T) {
	all := whole(t)
	for n, p := range conversation() {
		for at := range p.b {
			for _, size := range []int{1, 5, 40, len(p.b)} {
				for _, known := range []bool{true, false} {
					lost := min(size, len(p.b)-at)
					k := gapped(n, at, lost, known)
					got := slices.DeleteFunc(tell(k), func(s string) bool { return strings.HasSuffix(s, "=> nothing") })
					if i := slices.IndexFunc(got, func(s string) bool { return !slices.Contains(all, s) }); i >= 0 {
						t.Fatalf("part %d, %d bytes from %d on: %q", n, lost, at, got[i])
					}
					if len(got) < len(all) && !slices.ContainsFunc(k.left, missing) {
						t.Fatalf("part %d, %d bytes from %d on: %d records, left out: %q", n, lost, at, len(got), k.left)
					}
					if n < len(conversation())-3 && got[len(got)-1] != all[len(all)-1] {
						t.Fatalf("part %d, %d bytes from %d on: not taken up again: %q", n, lost, at, got)
					}
				}
			}
		}
	}
}

func missing(kind string) bool {
	return kind == kindLost || kind == kindStretch || kind == kindUnprepared
}

func gapped(n, at, lost int, known bool) *kept {
	k := &kept{}
	c := NewConn(k.options())
	for i, p := range conversation() {
		if i != n {
			feed(c, []part{p})
			continue
		}
		feed(c, []part{{p.client, p.b[:at]}})
		said := 0
		if known {
			said = lost
		}
		if p.client {
			c.ClientGap(said)
		} else {
			c.ServerGap(said)
		}
		feed(c, []part{{p.client, p.b[at+lost:]}})
	}
	c.Close()
	return k
}

// TestGapsAhead loses an answer to a client that does not wait for answers: what comes later must not be taken
// for the answers to other statements.
func TestGapsAhead(t *testing.T) {
	q := func(sql string) part { return asked(&pgproto3.Query{String: sql}) }
	a := func(v string) part { return answered(textField, row1(v), done("SELECT 1"), ready) }
	for name, c := range map[string]struct {
		before, after []part
		want, left    []string
	}{
		"known to be ahead": {
			[]part{start, welcome, q("1"), q("2"), a("1"), q("3")},
			[]part{a("3"), q("4"), q("5"), a("4"), a("5")},
			[]string{"1 => t:text | 1 [SELECT 1]"},
			[]string{kindLost, kindLost, kindStretch},
		},
		"ahead later": {
			[]part{start, welcome, q("1")},
			[]part{{client: true, b: q("2").b[:6]}, a("1"), q("3"), q("4"), a("2"), a("3"), a("4")},
			nil,
			[]string{kindLost, kindStretch, kindLost, kindLost, kindStretch},
		},
		"from within": {
			nil, []part{q("2"), q("3"), a("1"), a("2"), a("3")}, nil, []string{kindLost, kindLost, kindStretch},
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := &kept{}
			conn := NewConn(k.options())
			feed(conn, c.before)
			if c.before != nil {
				conn.ServerGap(0)
			}
			feed(conn, c.after)
			conn.Close()
			if diff := cmp.Diff(c.want, tell(k)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.left, k.left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzConn feeds bytes of both sides in pieces.
func FuzzConn(f *testing.F) {
	var all []byte
	for _, p := range conversation() {
		kind := byte(0)
		if p.client {
			kind = 1
		}
		all = append(append(all, kind, byte(len(p.b))), p.b[:min(len(p.b), 255)]...)
	}
	f.Add(all)
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 4096
		k := &kept{}
		o := k.options()
		o.MaxMessage = limit
		c := NewConn(o)
		for len(b) >= 2 {
			kind, n := b[0], min(int(b[1]), len(b)-2)
			piece := b[2 : 2+n]
			b = b[2+n:]
			switch kind % 4 {
			case 0:
				c.Server(time.Unix(1, 0), piece)
			case 1:
				c.Client(time.Unix(1, 0), piece)
			case 2:
				c.ClientGap(n)
			case 3:
				c.ServerGap(n)
			}
			if c.Held() > 8*limit || c.size < 0 {
				t.Fatalf("%d bytes are held, %d counted", c.Held(), c.size)
			}
		}
		c.Close()
		if c.size != 0 {
			t.Fatalf("%d bytes are still counted", c.size)
		}
		for _, r := range k.records {
			if _, err := r.AppendJSON(nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestCorrupted changes bytes at random: nothing breaks, and nothing is held at the end.
func TestCorrupted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 3000 {
		k := &kept{}
		c := NewConn(k.options())
		for _, p := range conversation() {
			p.b = slices.Clone(p.b)
			for random.IntN(3) == 0 {
				p.b[random.IntN(len(p.b))] = byte(random.Uint32())
			}
			feed(c, []part{p})
		}
		c.Close()
		if c.size != 0 {
			t.Fatalf("round %d: %d bytes are still counted", round, c.size)
		}
		if len(k.records)+len(k.left) == 0 {
			t.Fatalf("round %d: nothing was told", round)
		}
	}
}
