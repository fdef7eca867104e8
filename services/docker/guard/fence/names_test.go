package fence

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"
)

func question(tb testing.TB, name string, kind dnsmessage.Type) []byte {
	tb.Helper()
	m := dnsmessage.Message{
		Header: dnsmessage.Header{ID: 7, RecursionDesired: true},
		Questions: []dnsmessage.Question{
			{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET},
		},
	}
	packed, err := m.Pack()
	if err != nil {
		tb.Fatal(err)
	}
	return packed
}

func newNames() *names {
	return &names{ledger: newLedger("probe.invalid"), known: map[string][]netip.Addr{
		"ledger.mock": {netip.MustParseAddr("172.18.0.1"), netip.MustParseAddr("fd00::1")},
		"later.mock":  nil,
	}}
}

func TestAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		name  string
		kind  dnsmessage.Type
		rcode dnsmessage.RCode
		want  []string
		count int64
	}{
		"outside":           {name: "api.example.", kind: dnsmessage.TypeA, want: []string{"198.18.0.1"}, count: 1},
		"outside, capitals": {name: "API.example.", kind: dnsmessage.TypeA, want: []string{"198.18.0.1"}, count: 1},
		"outside, IPv6":     {name: "api.example.", kind: dnsmessage.TypeAAAA, count: 1},
		"outside, text":     {name: "api.example.", kind: dnsmessage.TypeTXT, count: 1},
		"known":             {name: "Ledger.mock.", kind: dnsmessage.TypeA, want: []string{"172.18.0.1"}},
		"known, IPv6":       {name: "ledger.mock.", kind: dnsmessage.TypeAAAA, want: []string{"fd00::1"}},
		"not up":            {name: "later.mock.", kind: dnsmessage.TypeA, rcode: dnsmessage.RCodeNameError},
		"an address's name": {name: "1.0.18.172.in-addr.arpa.", kind: dnsmessage.TypePTR, rcode: dnsmessage.RCodeNameError},
		"the probe":         {name: "probe.invalid.", kind: dnsmessage.TypeA, want: []string{"198.18.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNames()
			packed, err := n.answer(question(t, test.name, test.kind))
			if err != nil {
				t.Fatal(err)
			}
			var m dnsmessage.Message
			if err := m.Unpack(packed); err != nil {
				t.Fatal(err)
			}
			if m.ID != 7 || !m.Response || m.RCode != test.rcode {
				t.Errorf("header %+v, want %v", m.Header, test.rcode)
			}
			if diff := cmp.Diff(test.want, addresses(m)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if _, total := n.ledger.report(); total != test.count {
				t.Errorf("counted %d, want %d", total, test.count)
			}
		})
	}
}

func addresses(m dnsmessage.Message) (all []string) {
	for _, r := range m.Answers {
		switch body := r.Body.(type) {
		case *dnsmessage.AResource:
			all = append(all, netip.AddrFrom4(body.A).String())
		case *dnsmessage.AAAAResource:
			all = append(all, netip.AddrFrom16(body.AAAA).String())
		}
	}
	return all
}

func FuzzAnswer(f *testing.F) {
	f.Add(question(f, "api.example.", dnsmessage.TypeA))
	f.Fuzz(func(t *testing.T, query []byte) {
		packed, err := newNames().answer(query)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(packed); err != nil || !m.Response {
			t.Errorf("the answer to %x cannot be read: %v", query, err)
		}
	})
}

func FuzzReadHosts(f *testing.F) {
	f.Add("127.0.0.1\tlocalhost\n172.18.0.1 a.mock B.mock # two\n::ffff:10.0.0.1 c\nx y\n")
	f.Fuzz(func(t *testing.T, text string) {
		hosts, err := readHosts(strings.NewReader(text))
		if err != nil {
			return
		}
		for name, addrs := range hosts {
			if name != strings.ToLower(name) || len(addrs) == 0 || addrs[0].Is4In6() || addrs[0].Zone() != "" {
				t.Errorf("%q: %v", name, addrs)
			}
		}
	})
}

func TestReadHosts(t *testing.T) {
	got, err := readHosts(strings.NewReader("127.0.0.1\tlocalhost\n172.18.0.1 a.mock B.mock # two\n\nx y\n"))
	if err != nil {
		t.Fatal(err)
	}
	machine := []netip.Addr{netip.MustParseAddr("172.18.0.1")}
	want := map[string][]netip.Addr{
		"localhost": {netip.MustParseAddr("127.0.0.1")}, "a.mock": machine, "b.mock": machine,
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		entry string
		bad   bool
	}{
		"a name":     {entry: "api.example.com:443"},
		"an address": {entry: "[2001:db8::1]:443"},
		"no port":    {entry: "api.example.com", bad: true},
		"port 0":     {entry: "api.example.com:0", bad: true},
		"a service":  {entry: "api.example.com:https", bad: true},
		"no host":    {entry: ":443", bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Check(test.entry); (err != nil) != test.bad {
				t.Errorf("got %v", err)
			}
		})
	}
}
