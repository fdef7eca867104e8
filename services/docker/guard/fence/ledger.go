package fence

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/headgate-dev/headgate/services"
)

const (
	// maxReported bounds the attempts of a report.
	maxReported = 100
	// maxTargets bounds the distinct destinations and names that are kept; what goes beyond is counted
	// under one name.
	maxTargets = 20_000
	otherHosts = "(other hosts)"
)

// target is a destination that was tried; port is 0 where the protocol has none.
type target struct {
	host string
	port uint16
}

// ledger holds who stands for what and counts what was tried. It is used from several goroutines.
type ledger struct {
	mu    sync.Mutex
	names map[netip.Addr]string // addresses by the names they stand for
	given map[string]netip.Addr // and the other way round
	next  netip.Addr
	asked map[string]map[uint16]int64 // lookups by name and type of record
	tried map[target]int64
	// probe is the name that the fence tries by itself, which is counted apart.
	probe  string
	probed int64
}

func newLedger(probe string) *ledger {
	return &ledger{
		names: map[netip.Addr]string{}, given: map[string]netip.Addr{},
		next:  standIns.Addr().Next(),
		asked: map[string]map[uint16]int64{}, tried: map[target]int64{},
		probe: probe,
	}
}

// standIns are the addresses that names outside resolve to.
var standIns = netip.MustParsePrefix("198.18.0.0/15")

// lookup counts a question for a name outside and gives the address that stands for the name. It is
// false where there are no addresses left.
func (l *ledger) lookup(name string, record uint16) (netip.Addr, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.given) >= maxTargets && !l.given[name].IsValid() {
		l.ask(otherHosts, record)
		return netip.Addr{}, false
	}
	l.ask(name, record)
	addr, known := l.given[name]
	if !known {
		addr = l.next
		l.next = addr.Next()
		l.given[name], l.names[addr] = addr, name
	}
	return addr, true
}

func (l *ledger) ask(name string, record uint16) {
	if name == l.probe {
		return
	}
	if l.asked[name] == nil {
		l.asked[name] = map[uint16]int64{}
	}
	l.asked[name][record]++
}

// call has attempts at an address reported under a name; the first name wins.
func (l *ledger) call(addr netip.Addr, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.names[addr]; !known {
		l.names[addr] = name
	}
}

// attempt counts an attempt to reach an address.
func (l *ledger) attempt(addr netip.Addr, port uint16) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := target{host: addr.String(), port: port}
	if name, known := l.names[addr]; known {
		t.host = name
	}
	if t.host == l.probe {
		l.probed++
		return
	}
	if _, known := l.tried[t]; !known && len(l.tried) >= maxTargets {
		t = target{host: otherHosts}
	}
	l.tried[t]++
}

// missed counts attempts whose destination is not known.
func (l *ledger) missed(n int64) {
	if n == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tried[target{host: otherHosts}] += n
}

// seen is how often the fence's own probe was seen so far.
func (l *ledger) seen() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.probed
}

// report lists the attempts, the most frequent first, and counts them all. A name that was only asked
// for counts as often as it was asked for; asking for two kinds of address at once is one question.
func (l *ledger) report() (attempts []services.EgressAttempt, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	dialled := map[string]bool{}
	for t, n := range l.tried {
		dialled[t.host] = true
		attempts = append(attempts, services.EgressAttempt{Host: t.host, Port: int(t.port), Count: n})
	}
	for name, records := range l.asked {
		if !dialled[name] {
			n := slices.Max(slices.Collect(maps.Values(records)))
			attempts = append(attempts, services.EgressAttempt{Host: name, Count: n})
		}
	}
	for _, a := range attempts {
		total += a.Count
	}
	slices.SortFunc(attempts, func(a, b services.EgressAttempt) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port))
	})
	return attempts[:min(len(attempts), maxReported)], total
}
