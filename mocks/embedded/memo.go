package embedded

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/headgate-dev/headgate/mocks"
)

const (
	mostMemoText  = 64 << 10 // bytes of one body worth remembering
	mostMemoBytes = 64 << 20 // of all bodies remembered by one memo
)

// memo remembers the keys of JSON bodies by their exact text, because parsing them costs more than all
// else in a hit. It fills once and forgets nothing.
type memo struct {
	keys  sync.Map // text to uint64
	bytes atomic.Int64
}

// bodyKey is the key of a body under the shape.
func (s *shape) bodyKey(v *mocks.Value) (key uint64, ok bool) {
	if s.memo == nil || len(v.Text) > mostMemoText {
		return s.body.Key(v)
	}
	if known, ok := s.memo.keys.Load(v.Text); ok {
		return known.(uint64), true
	}
	return s.body.Key(v)
}

// remember keeps the key of a body that was a hit.
func (m *memo) remember(text string, key uint64) {
	if m.bytes.Load() > mostMemoBytes {
		return
	}
	if _, known := m.keys.LoadOrStore(text, key); !known {
		m.bytes.Add(int64(len(text)))
	}
}

// parsed tells whether keys of the shape need the body parsed.
func parsed(b *mocks.BodyShape) bool { return strings.HasPrefix(b.Name, "json") }

// withoutBody is the pattern less its only body pattern, where that is a pinned JSON body.
func withoutBody(p *mocks.RequestPattern, s *shape) *mocks.RequestPattern {
	if s == nil || s.body == nil || !parsed(s.body) || len(p.BodyPatterns) != 1 {
		return nil
	}
	rest := *p
	rest.BodyPatterns = nil
	return &rest
}

// known is a request that matches, in what its pattern looks at.
type known struct {
	method, target, query, body string
	anyBody                     bool
}

func (k *known) is(r *mocks.Request) bool {
	return k.target == r.Path && k.query == r.RawQuery && k.method == r.Method && (k.anyBody || k.body == r.Body.Text)
}

// foreknown is the one request that a pattern of nothing but method and target matches; nil for all others.
func foreknown(p *mocks.RequestPattern) *known {
	path, query, _, literal := p.Literal()
	alone := literal && p.FixedByTarget() && len(p.QueryParameters)+len(p.BodyPatterns) == 0
	_, exact := p.ExactQuery()
	switch {
	case !alone, p.AnyMethod(), p.URL == "" && !exact, p.URL == path+"?", exact && query != "":
		return nil
	}
	return &known{p.Method, path, query, "", true}
}

// matches tells whether the stub answers the request. What its pattern looks at is compared with the request
// that matched last, which is the same one again as a rule.
func (e *entry) matches(r *mocks.Request) bool {
	if last := e.known.Load(); last != nil {
		switch {
		case e.fixed && last.is(r):
			return true
		case e.rest != nil && !last.anyBody && r.Body.Present && last.body == r.Body.Text:
			return e.rest.Matches(r)
		}
	}
	if !e.stub.Request.Matches(r) {
		return false
	}
	if (e.fixed || e.rest != nil) && len(r.Body.Text) <= mostMemoText {
		e.known.Store(&known{r.Method, r.Path, r.RawQuery, r.Body.Text, len(e.stub.Request.BodyPatterns) == 0})
	}
	return true
}
