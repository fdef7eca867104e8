package postgres

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"
)

// part is what one side sends at once.
type part struct {
	client bool
	b      []byte
}

func asked(all ...pgproto3.FrontendMessage) part {
	p := part{client: true}
	for _, m := range all {
		p.b = encoded(m, p.b)
	}
	return p
}

func answered(all ...pgproto3.BackendMessage) part {
	var p part
	for _, m := range all {
		p.b = encoded(m, p.b)
	}
	return p
}

func encoded(m pgproto3.Message, to []byte) []byte {
	b, err := m.(interface{ Encode([]byte) ([]byte, error) }).Encode(to)
	if err != nil {
		panic(err)
	}
	return b
}

// feed sends the parts one second apart, from a fixed time on.
func feed(c *Conn, parts []part) {
	for i, p := range parts {
		at := time.Unix(int64(i), 0)
		if p.client {
			c.Client(at, p.b)
		} else {
			c.Server(at, p.b)
		}
	}
}

var (
	start = asked(&pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters:      map[string]string{"user": "me"},
	})
	ready   = &pgproto3.ReadyForQuery{TxStatus: 'I'}
	welcome = answered(
		&pgproto3.AuthenticationOk{}, &pgproto3.ParameterStatus{Name: "client_encoding", Value: "UTF8"},
		&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}}, ready,
	)
	intField  = &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("n"), DataTypeOID: 23}}}
	textField = &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("t"), DataTypeOID: 25}}}
	broken    = &pgproto3.ErrorResponse{Severity: "ERROR", Code: "22012", Message: "division by zero"}
)

func row1(v string) *pgproto3.DataRow { return &pgproto3.DataRow{Values: [][]byte{[]byte(v)}} }

func done(tag string) *pgproto3.CommandComplete {
	return &pgproto3.CommandComplete{CommandTag: []byte(tag)}
}

func simple(sql, v string) []part {
	return []part{asked(&pgproto3.Query{String: sql}), answered(textField, row1(v), done("SELECT 1"), ready)}
}

func code(size, code uint32) part {
	return part{client: true, b: binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, size), code)}
}

func TestStreams(t *testing.T) {
	prepare := []part{
		asked(&pgproto3.Parse{Name: "s", Query: "select $1::int4 n"}, &pgproto3.Describe{
			ObjectType: 'S',
			Name:       "s",
		}, &pgproto3.Sync{}),
		answered(&pgproto3.ParseComplete{}, &pgproto3.ParameterDescription{ParameterOIDs: []uint32{23}}, intField,
			ready),
	}
	run := []part{
		asked(&pgproto3.Bind{
			PreparedStatement: "s", ParameterFormatCodes: []int16{1}, Parameters: [][]byte{{0, 0, 1, 2}},
			ResultFormatCodes: []int16{1},
		}, &pgproto3.Execute{}, &pgproto3.Sync{}),
		answered(&pgproto3.BindComplete{}, row1("\x00\x00\x01\x02"), done("SELECT 1"), ready),
	}
	const ran = "select $1::int4 n int4:258 => n:int4 | 258 [SELECT 1]"
	login := []part{start, welcome}
	huge := strings.Repeat("x", 3000)
	tests := map[string]struct {
		parts      []part
		want, left []string
	}{
		"nothing": {},
		"a login": {parts: login},
		"a query": {
			parts: slices.Concat(login, simple("q", "v")),
			want:  []string{"q => t:text | v [SELECT 1]"},
		},
		"refused login": {
			parts: []part{start, answered(&pgproto3.ErrorResponse{Code: "28P01"})},
			left:  []string{kindRefused},
		},
		"no encryption": {
			parts: slices.Concat([]part{code(8, codeSSL), {b: []byte("N")}, code(8, codeGSS), {b: []byte("N")}},
				login, simple("q", "v")),
			want: []string{"q => t:text | v [SELECT 1]"},
		},
		"a client that does not wait": {
			parts: slices.Concat([]part{code(8, codeSSL), start, {b: []byte("N")}, welcome}, simple("q", "v")),
			want:  []string{"q => t:text | v [SELECT 1]"},
		},
		"encryption": {
			parts: slices.Concat([]part{code(8, codeSSL), {b: []byte("S")}}, login, simple("q", "v")),
			left:  []string{kindEncrypted},
		},
		"TLS at once": {
			parts: []part{{client: true, b: []byte{0x16, 3, 1, 0, 10}}},
			left:  []string{kindEncrypted},
		},
		"a cancelled query": {
			parts: []part{asked(&pgproto3.CancelRequest{SecretKey: []byte{1, 2, 3, 4}})},
			left:  []string{kindCancel},
		},
		"another protocol": {parts: []part{code(8, 0x20000)}, left: []string{kindUnrecognised}},
		"HTTP": {
			parts: []part{{client: true, b: []byte("GET / HTTP/1.1\r\n\r\n")}},
			left:  []string{kindStretch},
		},
		"a server alone":      {parts: []part{answered(textField, row1("v"))}, left: []string{kindStretch}},
		"an unasked error":    {parts: append(slices.Clone(login), answered(broken)), left: []string{kindUnprovoked}},
		"within a connection": {parts: simple("q", "v"), want: []string{"q => t:text | v [SELECT 1]"}},
		"a replication": {
			parts: []part{asked(&pgproto3.StartupMessage{
				ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"replication": "database"},
			}), welcome}, left: []string{kindReplication},
		},
		"within an answer": {
			parts: slices.Concat([]part{answered(row1("v"), done("SELECT 1"), ready)}, simple("q", "v")),
			want:  []string{"q => t:text | v [SELECT 1]"}, left: []string{kindStretch},
		},
		"after the preparation": {parts: run, left: []string{kindUnprepared}},
		"a prepared statement":  {parts: slices.Concat(login, prepare, run, run), want: []string{ran, ran}},
		"prepared and not run":  {parts: slices.Concat(login, prepare), left: []string{kindUnused}},
		"an unknown portal": {
			parts: append(slices.Clone(login), asked(&pgproto3.Execute{Portal: "p"}, &pgproto3.Sync{}),
				answered(row1("v"), done("FETCH 1"), ready)),
			left: []string{kindUnbound},
		},
		"rows that nobody described": {
			parts: slices.Concat(login, []part{
				asked(&pgproto3.Parse{Query: "q"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{}),
				answered(&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, row1("v"), done("SELECT 1"), ready),
			}),
			left: []string{kindUndescribed},
		},
		"no rows that nobody described": {
			parts: slices.Concat(login, []part{
				asked(&pgproto3.Parse{Query: "q", ParameterOIDs: []uint32{25, 0}},
					&pgproto3.Bind{Parameters: [][]byte{{}, nil}}, &pgproto3.Execute{}, &pgproto3.Sync{}),
				answered(&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, done("UPDATE 1"), ready),
			}),
			want: []string{"q text: :NULL => [UPDATE 1]"},
		},
		"a long statement": {
			parts: slices.Concat(login, simple(huge, "v"), simple("q", "v")),
			want:  []string{"q => t:text | v [SELECT 1]"}, left: []string{kindLarge},
		},
		"a long result": {
			parts: slices.Concat(login, simple("a", huge), simple("q", "v")),
			want:  []string{"q => t:text | v [SELECT 1]"}, left: []string{kindLarge},
		},
		"a long statement that is prepared": {
			parts: slices.Concat(login, []part{
				asked(&pgproto3.Parse{Name: "s", Query: huge}, &pgproto3.Sync{}), answered(&pgproto3.ParseComplete{},
					ready),
			}, run, simple("q", "v")), want: []string{"q => t:text | v [SELECT 1]"}, left: []string{kindLarge},
		},
		"long parameters": {
			parts: slices.Concat(login, prepare, []part{
				asked(&pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{[]byte(huge)}}, &pgproto3.Execute{},
					&pgproto3.Sync{}),
				answered(&pgproto3.BindComplete{}, row1("v"), done("SELECT 1"), ready),
			}, run), want: []string{ran}, left: []string{kindLarge},
		},
		"more than may be held": {
			parts: slices.Concat(login, slices.Repeat([]part{
				asked(&pgproto3.Parse{Query: huge[:900]}, &pgproto3.Bind{}, &pgproto3.Execute{}),
			}, 9), []part{asked(&pgproto3.Sync{}), answered(ready)}, simple("q", "v")),
			want: []string{"q => t:text | v [SELECT 1]"}, left: append(slices.Repeat([]string{kindLost}, 5),
				kindStretch),
		},
		"more than may be held, and sent ahead": {
			parts: slices.Concat(login, slices.Repeat([]part{asked(&pgproto3.Query{String: huge[:900]})}, 7),
				[]part{answered(ready)}, simple("q", "v")),
			left: append(slices.Repeat([]string{kindLost}, 7), kindStretch),
		},
		"a function call": {
			parts: slices.Concat(login, []part{
				asked(&pgproto3.FunctionCall{Function: 1}), answered(&pgproto3.FunctionCallResponse{}, ready),
			}, simple("q", "v")), want: []string{"q => t:text | v [SELECT 1]"}, left: []string{kindFunction},
		},
		"no answer": {
			parts: append(slices.Clone(login), asked(&pgproto3.Query{String: "q"})),
			want:  []string{"q => nothing"},
		},
		"half an answer": {
			parts: append(slices.Clone(login), asked(&pgproto3.Query{String: "q"}), answered(textField, row1("v"))),
			left:  []string{kindHalf},
		},
		"an error before its Sync": {
			parts: slices.Concat(login, []part{
				asked(&pgproto3.Parse{Query: "bad"}, &pgproto3.Flush{}), answered(broken),
				asked(&pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{}), answered(ready),
			}, simple("q", "v")), want: []string{"bad => [] 22012", "q => t:text | v [SELECT 1]"},
			left: []string{kindSkipped},
		},
		"not UTF-8": {
			parts: slices.Concat(login, simple("q\xff", "v"), simple("q", "\xff")), left: []string{
				kindEncoding,
				kindEncoding,
			},
		},
		"garbage from the server": {
			parts: slices.Concat(login, []part{
				asked(&pgproto3.Query{String: "q"}),
				{b: []byte("garbage")},
				answered(ready),
			}, simple("q", "v")),
			want: []string{"q => t:text | v [SELECT 1]"}, left: []string{kindLost, kindStretch},
		},
		"an absurd length": {
			parts: slices.Concat(login, []part{
				{client: true, b: []byte{'Q', 0xff, 0xff, 0xff, 0xff}},
				answered(ready),
			}, simple("q", "v")),
			want: []string{"q => t:text | v [SELECT 1]"}, left: []string{kindStretch},
		},
		"an answer that does not belong": {
			parts: slices.Concat(login, []part{asked(&pgproto3.Sync{}), answered(row1("v"), ready)}, simple("q", "v")),
			want:  []string{"q => t:text | v [SELECT 1]"}, left: []string{kindStretch},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			k := &kept{}
			o := k.options()
			o.MaxMessage = 1000
			c := NewConn(o)
			feed(c, test.parts)
			c.Close()
			if diff := cmp.Diff(test.want, tell(k)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.left, k.left); diff != "" {
				t.Errorf("left out: %s", diff)
			}
			if c.size != 0 {
				t.Errorf("%d bytes are still counted", c.size)
			}
		})
	}
}

// TestRecord looks at what is around a query.
func TestRecord(t *testing.T) {
	k := &kept{}
	o := k.options()
	o.Begin = func(at time.Time) (string, string) { return fmt.Sprint("id", at.Unix()), "parent" }
	c := NewConn(o)
	feed(c, slices.Concat([]part{start, welcome}, simple("q", "v")))
	r := k.records[0]
	if r.ID != "id2" || r.Parent != "parent" || !r.Time.Equal(time.Unix(2, 0)) || r.Duration != time.Second ||
		r.Direction != "outbound" || r.Protocol != "postgres" || r.Connection != "c1" || r.Service != "db" ||
		r.Request.Host != "db:5432" {
		t.Errorf("%+v", r)
	}
}
