package spool

import (
	"container/heap"
	"errors"
	"io"
	"slices"
)

// Key is what a list is sorted by: the first number, then the second.
type Key func(*Entry) [2]uint64

// chunk is how many entries are sorted in memory.
const chunk = 1 << 15

// Sort returns a list of the entries in the order of key, which must be different for each; it is l itself
// where l is in that order. It needs the same memory however long the list is.
func (l *List) Sort(key Key) (*List, error) {
	sorted, err := l.sorted(key)
	if sorted || err != nil {
		return l, err
	}
	runs, err := NewList()
	if err != nil {
		return nil, err
	}
	bounds, err := l.runs(key, runs)
	if err == nil && len(bounds) == 2 {
		return runs, nil
	}
	var out *List
	if err == nil {
		out, err = merge(key, runs, bounds)
	}
	if err = errors.Join(err, runs.Close()); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

var errUnsorted = errors.New("not sorted")

func (l *List) sorted(key Key) (bool, error) {
	var before [2]uint64
	err := l.Each(func(e *Entry) error {
		k := key(e)
		if less(k, before) {
			return errUnsorted
		}
		before = k
		return nil
	})
	if errors.Is(err, errUnsorted) {
		return false, nil
	}
	return err == nil, err
}

func less(a, b [2]uint64) bool { return a[0] < b[0] || a[0] == b[0] && a[1] < b[1] }

// runs writes sorted pieces of the list and returns where they begin, and the end.
func (l *List) runs(key Key, out *List) (bounds []int, err error) {
	bounds = []int{0}
	piece := make([]Entry, 0, min(chunk, l.Len()))
	order := make([]place, 0, cap(piece))
	flush := func() error {
		slices.SortFunc(order, place.compare)
		for _, p := range order {
			if err := out.Add(&piece[p.at]); err != nil {
				return err
			}
		}
		piece, order = piece[:0], order[:0]
		bounds = append(bounds, out.Len())
		return nil
	}
	err = l.Each(func(e *Entry) error {
		order = append(order, place{key(e), len(piece)})
		piece = append(piece, *e)
		if len(piece) == chunk {
			return flush()
		}
		return nil
	})
	if err == nil && len(piece) > 0 {
		err = flush()
	}
	return bounds, errors.Join(err, out.Done())
}

// place is the key of an entry and where it stands: to move it costs less than to move the entry.
type place struct {
	key [2]uint64
	at  int
}

func (p place) compare(other place) int {
	switch {
	case less(p.key, other.key):
		return -1
	case p.key == other.key:
		return 0
	}
	return 1
}

// merge joins the sorted pieces.
func merge(key Key, runs *List, bounds []int) (*List, error) {
	out, err := NewList()
	if err != nil {
		return nil, err
	}
	var queue heads
	for i, first := range bounds[:len(bounds)-1] {
		queue = append(queue, &head{cursor: runs.Cursor(first, bounds[i+1])})
	}
	for i := 0; i < len(queue); i++ {
		if err := queue[i].step(key); err != nil {
			return out, err
		}
	}
	heap.Init(&queue)
	for len(queue) > 0 {
		first := queue[0]
		if err := out.Add(first.entry); err != nil {
			return out, err
		}
		switch err := first.step(key); {
		case err == nil:
			heap.Fix(&queue, 0)
		case errors.Is(err, io.EOF):
			heap.Pop(&queue)
		default:
			return out, err
		}
	}
	return out, out.Done()
}

// head is the next entry of one piece.
type head struct {
	cursor *Cursor
	entry  *Entry
	key    [2]uint64
}

func (h *head) step(key Key) (err error) {
	if h.entry, err = h.cursor.Next(); err == nil {
		h.key = key(h.entry)
	}
	return err
}

// heads is a heap, the smallest key on top.
type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return less(h[i].key, h[j].key) }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *heads) Push(x any) { *h = append(*h, x.(*head)) }

// Pop implements heap.Interface.
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
