package gor

// queue keeps messages by id until their counterpart comes, first in, first out.
type queue[T any] struct {
	ids map[string]*entry[T] // the oldest of each id
	// oldest and newest are the ends of the list of all.
	oldest, newest *entry[T]
	count, size    int
}

type entry[T any] struct {
	id            string
	value         T
	size          int
	before, after *entry[T]
	// same is the next with this id; in the oldest with it, last is the newest.
	same, last *entry[T]
}

// add appends a value of so many bytes.
func (q *queue[T]) add(id string, value T, size int) {
	if q.ids == nil {
		q.ids = map[string]*entry[T]{}
	}
	e := &entry[T]{id: id, value: value, size: size, before: q.newest}
	e.last = e
	if first := q.ids[id]; first != nil {
		first.last.same, first.last = e, e
	} else {
		q.ids[id] = e
	}
	if q.newest == nil {
		q.oldest = e
	} else {
		q.newest.after = e
	}
	q.newest = e
	q.count++
	q.size += size
}

// full tells whether the oldest has waited long enough: a single one may wait whatever its size.
func (q *queue[T]) full() bool { return q.count > window || q.size > windowBytes && q.count > 1 }

// take removes the oldest value of an id.
func (q *queue[T]) take(id []byte) (value T, ok bool) {
	e := q.ids[string(id)]
	if e == nil {
		return value, false
	}
	q.remove(e)
	return e.value, true
}

// shift removes the oldest value of all.
func (q *queue[T]) shift() (value T, ok bool) {
	e := q.oldest
	if e == nil {
		return value, false
	}
	q.remove(e)
	return e.value, true
}

// remove takes out an entry that is the oldest of its id.
func (q *queue[T]) remove(e *entry[T]) {
	if e.same == nil {
		delete(q.ids, e.id)
	} else {
		e.same.last = e.last
		q.ids[e.id] = e.same
	}
	if e.before == nil {
		q.oldest = e.after
	} else {
		e.before.after = e.after
	}
	if e.after == nil {
		q.newest = e.before
	} else {
		e.after.before = e.before
	}
	q.count--
	q.size -= e.size
}
