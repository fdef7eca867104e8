package gor

// queue keeps values by id, first in, first out, bounded to the window.
type queue[T any] struct {
	waiting map[string][]int // places in order, of one id
	order   []entry[T]
	// passed is how many entries were cut off the front of order.
	passed int
}

type entry[T any] struct {
	id    string
	value T
	gone  bool
}

// add appends a value and returns the oldest one where the window is full.
func (q *queue[T]) add(id string, value T) (old T, full bool) {
	if q.waiting == nil {
		q.waiting = map[string][]int{}
	}
	q.waiting[id] = append(q.waiting[id], q.passed+len(q.order))
	q.order = append(q.order, entry[T]{id: id, value: value})
	if len(q.order) <= window {
		return old, false
	}
	first := q.order[0]
	q.order = q.order[1:]
	q.passed++
	if first.gone {
		return old, false
	}
	q.forget(first.id)
	return first.value, true
}

// forget takes the first place of an id away.
func (q *queue[T]) forget(id string) {
	if places := q.waiting[id]; len(places) > 1 {
		q.waiting[id] = places[1:]
	} else {
		delete(q.waiting, id)
	}
}

// take removes the oldest value of an id.
func (q *queue[T]) take(id string) (value T, ok bool) {
	places := q.waiting[id]
	if len(places) == 0 {
		return value, false
	}
	e := &q.order[places[0]-q.passed]
	q.forget(id)
	value = e.value
	*e = entry[T]{gone: true}
	return value, true
}

// drain hands on everything that waits, oldest first.
func (q *queue[T]) drain(use func(T)) {
	for _, e := range q.order {
		if !e.gone {
			use(e.value)
		}
	}
	*q = queue[T]{}
}
