package embedded

import "github.com/headgate-dev/headgate/mocks"

// Finder finds the stubs that come closest to a request that none of them matches. It is safe for
// concurrent use.
type Finder struct{ near near }

// NewFinder makes a finder for the stubs of one mock.
func NewFinder(stubs []*mocks.Stub) *Finder {
	entries := make([]*entry, len(stubs))
	for i, s := range stubs {
		entries[i] = newEntry(s)
	}
	return &Finder{newNear(entries)}
}

// Nearest are up to three stubs, the closest first, each with what differs.
func (f *Finder) Nearest(r *mocks.Request) []mocks.Near { return f.near.nearest(r) }
