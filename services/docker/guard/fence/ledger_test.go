package fence

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/services"
)

const (
	typeA    = 1
	typeAAAA = 28
)

func TestLedger(t *testing.T) {
	for name, test := range map[string]struct {
		do    func(l *ledger)
		want  []services.EgressAttempt
		total int64
	}{
		"nothing": {do: func(*ledger) {}},
		"by address": {
			do: func(l *ledger) {
				l.attempt(netip.MustParseAddr("203.0.113.1"), 443)
				l.attempt(netip.MustParseAddr("203.0.113.1"), 443)
				l.attempt(netip.MustParseAddr("203.0.113.1"), 80)
			},
			want: []services.EgressAttempt{
				{Host: "203.0.113.1", Port: 443, Count: 2}, {Host: "203.0.113.1", Port: 80, Count: 1},
			},
			total: 3,
		},
		"by name": {
			do: func(l *ledger) {
				addr, _ := l.lookup("a.example", typeA)
				_, _ = l.lookup("a.example", typeAAAA)
				l.attempt(addr, 443)
			},
			want: []services.EgressAttempt{{Host: "a.example", Port: 443, Count: 1}}, total: 1,
		},
		"a name only": {
			do: func(l *ledger) {
				for range 2 {
					_, _ = l.lookup("a.example", typeA)
					_, _ = l.lookup("a.example", typeAAAA)
				}
			},
			want: []services.EgressAttempt{{Host: "a.example", Count: 2}}, total: 2,
		},
		"the probe": {
			do: func(l *ledger) {
				addr, _ := l.lookup("probe.invalid", typeA)
				l.attempt(addr, 443)
			},
		},
		"a known address": {
			do: func(l *ledger) {
				l.call(netip.MustParseAddr("203.0.113.1"), "a.example")
				l.call(netip.MustParseAddr("203.0.113.1"), "b.example")
				l.attempt(netip.MustParseAddr("203.0.113.1"), 80)
			},
			want: []services.EgressAttempt{{Host: "a.example", Port: 80, Count: 1}}, total: 1,
		},
		"packets that were missed": {
			do:   func(l *ledger) { l.missed(0); l.missed(3) },
			want: []services.EgressAttempt{{Host: otherHosts, Count: 3}}, total: 3,
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger("probe.invalid")
			test.do(l)
			got, total := l.report()
			if diff := cmp.Diff(test.want, got); diff != "" || total != test.total {
				t.Errorf("total %d, want %d; -want +got:\n%s", total, test.total, diff)
			}
		})
	}
}

func TestLedgerBounds(t *testing.T) {
	l := newLedger("probe.invalid")
	addr := netip.MustParseAddr("100.64.0.0")
	refused := 0
	for i := range maxTargets + 10 {
		addr = addr.Next()
		l.attempt(addr, 80)
		if _, ok := l.lookup(fmt.Sprintf("h%d.example", i), typeA); !ok {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d names got no address, want 10", refused)
	}
	attempts, total := l.report()
	if len(attempts) != maxReported {
		t.Errorf("%d attempts are reported", len(attempts))
	}
	if want := int64(2*maxTargets + 10); total != want && total != want+10 {
		t.Errorf("total %d, want %d or 10 more", total, want)
	}
	if got := attempts[0]; got != (services.EgressAttempt{Host: otherHosts, Count: 10}) {
		t.Errorf("the first is %+v", got)
	}
	known, _ := l.lookup("h0.example", typeA)
	again, _ := l.lookup("h0.example", typeA)
	if known != again || !standIns.Contains(known) {
		t.Errorf("one name stands at %s and %s", known, again)
	}
}
