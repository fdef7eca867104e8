package gor

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQueue does at random what a plain list does as well.
func TestQueue(t *testing.T) {
	type waiting struct {
		id    string
		value int
	}
	var list []waiting
	var q queue[int]
	random := rand.New(rand.NewPCG(1, 2))
	find := func(id string) (int, bool) {
		for i, w := range list {
			if w.id == id || id == "" {
				list = append(list[:i:i], list[i+1:]...)
				return w.value, true
			}
		}
		return 0, false
	}
	for i := range 5000 {
		id := strconv.Itoa(random.IntN(20))
		var got, want []any
		switch random.IntN(5) {
		case 0, 1, 2:
			if len(list) < 60 {
				q.add(id, i, 10)
				list = append(list, waiting{id, i})
			}
		case 3:
			value, ok := q.take([]byte(id))
			expected, there := find(id)
			got, want = []any{value, ok}, []any{expected, there}
		default:
			value, ok := q.shift()
			expected, there := find("")
			got, want = []any{value, ok}, []any{expected, there}
		}
		if diff := cmp.Diff(want, got); diff != "" || q.count != len(list) || q.size != 10*len(list) {
			t.Fatalf("step %d: %d of %d bytes for %d\n%s", i, q.count, q.size, len(list), diff)
		}
	}
}

func TestFull(t *testing.T) {
	var q queue[int]
	q.add("a", 1, 2*windowBytes)
	if q.full() {
		t.Error("a single large one is too much")
	}
	q.add("b", 2, 1)
	if !q.full() {
		t.Error("any number of bytes can wait")
	}
}
