package reduce

import "container/heap"

// queue hands out units, the one with the highest gain first, of equals the first by an order.
type queue struct {
	entries []queued
	compare func(a, b uint32) int
}

type queued struct {
	unit uint32
	gain float64
}

func newQueue(compare func(a, b uint32) int) *queue { return &queue{compare: compare} }

func (q *queue) len() int { return len(q.entries) }

func (q *queue) push(unit uint32, gain float64) { heap.Push((*ordered)(q), queued{unit, gain}) }

func (q *queue) pop() (unit uint32, gain float64) {
	e := heap.Pop((*ordered)(q)).(queued)
	return e.unit, e.gain
}

// ordered is a queue as container/heap wants it.
type ordered queue

// Len implements heap.Interface.
func (o *ordered) Len() int { return len(o.entries) }

// Less implements heap.Interface.
func (o *ordered) Less(i, j int) bool {
	a, b := o.entries[i], o.entries[j]
	return a.gain > b.gain || a.gain == b.gain && o.compare(a.unit, b.unit) < 0
}

// Swap implements heap.Interface.
func (o *ordered) Swap(i, j int) { o.entries[i], o.entries[j] = o.entries[j], o.entries[i] }

// Push implements heap.Interface.
func (o *ordered) Push(x any) { o.entries = append(o.entries, x.(queued)) }

// Pop implements heap.Interface.
func (o *ordered) Pop() any {
	last := o.entries[len(o.entries)-1]
	o.entries = o.entries[:len(o.entries)-1]
	return last
}
