package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// tally counts answers by route and status. It is safe for concurrent use.
type tally struct {
	mu     sync.Mutex
	counts map[string]map[int]int
}

func newTally() *tally { return &tally{counts: map[string]map[int]int{}} }

func (t *tally) add(route string, status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts[route] == nil {
		t.counts[route] = map[int]int{}
	}
	t.counts[route][status]++
}

func (t *tally) total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, statuses := range t.counts {
		for _, count := range statuses {
			n += count
		}
	}
	return n
}

// print writes one line per route: "POST /orders  201:108 409:9".
func (t *tally) print(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, route := range slices.Sorted(maps.Keys(t.counts)) {
		var parts []string
		for _, status := range slices.Sorted(maps.Keys(t.counts[route])) {
			parts = append(parts, fmt.Sprintf("%d:%d", status, t.counts[route][status]))
		}
		fmt.Fprintf(w, "%-28s %s\n", route, strings.Join(parts, " "))
	}
}
