package embedded

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/headgate-dev/headgate/mocks"
)

// library holds the stubs that are served. It may be changed while requests are answered: lookups use
// an immutable index, which the first lookup after a change builds again.
type library struct {
	proxies bool // stubs may be answered by other services
	loaded  []*mocks.Stub

	mu    sync.Mutex
	byID  map[string]*entry
	next  int // place of the stub that is added next
	built atomic.Pointer[index]
}

func newLibrary(stubs []*mocks.Stub, proxies bool) (*library, error) {
	l := &library{proxies: proxies, loaded: stubs, byID: make(map[string]*entry, len(stubs))}
	ids := make(map[string]bool, len(stubs))
	for _, s := range stubs {
		if ids[s.ID] {
			return nil, fmt.Errorf("two stubs have the ID %q; the second is %q", s.ID, s.Label())
		}
		ids[s.ID] = true
	}
	if err := l.add(stubs); err != nil {
		return nil, err
	}
	l.snapshot()
	return l, nil
}

// snapshot is the index of the present stubs.
func (l *library) snapshot() *index {
	if x := l.built.Load(); x != nil {
		return x
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if x := l.built.Load(); x != nil {
		return x
	}
	x := newIndex(slices.SortedFunc(maps.Values(l.byID), inOrder))
	l.built.Store(x)
	return x
}

// inOrder is the order of trying: by priority, and on a tie the stub that was added last.
func inOrder(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(b.at, a.at))
}

// add adds stubs in their order, or none of them. One with a known ID takes the place of the old one
// and counts as new.
func (l *library) add(stubs []*mocks.Stub) error {
	entries, err := l.entries(stubs)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range entries {
		e.at = l.next
		l.next++
		l.byID[e.stub.ID] = e
	}
	l.built.Store(nil)
	return nil
}

// edit replaces the stub of the same ID and keeps its place.
func (l *library) edit(s *mocks.Stub) (known bool, err error) {
	entries, err := l.entries([]*mocks.Stub{s})
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	old, known := l.byID[s.ID]
	if known {
		entries[0].at = old.at
		l.byID[s.ID] = entries[0]
		l.built.Store(nil)
	}
	return known, nil
}

// entries prepares stubs and refuses what this library does not serve.
func (l *library) entries(stubs []*mocks.Stub) ([]*entry, error) {
	var errs []error
	out := newEntries(stubs)
	for i, s := range stubs {
		if out[i].proxied() && !l.proxies {
			errs = append(errs, fmt.Errorf("stub %q: proxyBaseUrl calls a live service, which the mock of a run "+
				"never does; record the answers, or serve the folder with headgate mock", s.Label()))
		}
	}
	return out, errors.Join(errs...)
}

// remove drops the stubs that drop tells and returns them.
func (l *library) remove(drop func(*mocks.Stub) bool) []*mocks.Stub {
	l.mu.Lock()
	defer l.mu.Unlock()
	var gone []*mocks.Stub
	for id, e := range l.byID {
		if drop(e.stub) {
			gone = append(gone, e.stub)
			delete(l.byID, id)
		}
	}
	if len(gone) > 0 {
		l.built.Store(nil)
	}
	return gone
}

// removeByID drops one stub, without a look at the others.
func (l *library) removeByID(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.byID[id]
	if known {
		delete(l.byID, id)
		l.built.Store(nil)
	}
	return known
}

// reset goes back to the stubs that were loaded.
func (l *library) reset() error {
	entries, err := l.entries(l.loaded)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byID = make(map[string]*entry, len(entries))
	for i, e := range entries {
		e.at = i
		l.byID[e.stub.ID] = e
	}
	l.next = len(entries)
	l.built.Store(nil)
	return nil
}

// find is the stub of an ID, or nil.
func (l *library) find(id string) *mocks.Stub {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.byID[id]; e != nil {
		return e.stub
	}
	return nil
}
