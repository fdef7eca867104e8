package replay

import (
	"math"
	"sync"
	"testing"
	"time"
)

func TestWindowSlides(t *testing.T) {
	w := NewWindow(time.Second)
	for i := range 100 { // one every 50 ms, every fifth fails, latencies 1..100 ms
		w.Add(time.Duration(i)*50*time.Millisecond, time.Duration(i+1)*time.Millisecond, i%5 == 0)
	}
	// At 4.95 s the slots from 4.0 s on count: results 80 to 99.
	r := w.Rates(4950 * time.Millisecond)
	if r.N != 20 || r.ErrorRate != 0.2 || r.LatencyP95 != 99*time.Millisecond {
		t.Errorf("got %+v", r)
	}
	// Half a second on without results, half of them are left: 90 to 99.
	r = w.Rates(5450 * time.Millisecond)
	if r.N != 10 || r.LatencyP95 != 100*time.Millisecond {
		t.Errorf("later got %+v", r)
	}
	r = w.Rates(time.Minute)
	if r.N != 0 || !math.IsNaN(r.ErrorRate) || !math.IsNaN(r.MockMissRate) || r.LatencyP95 != 0 {
		t.Errorf("in the end got %+v", r)
	}
}

func TestWindowMocks(t *testing.T) {
	w := NewWindow(500 * time.Millisecond)
	w.AddMocks(0, 10, 10)
	w.AddMocks(600*time.Millisecond, 30, 3)
	w.AddMocks(900*time.Millisecond, 10, 1)
	if r := w.Rates(950 * time.Millisecond); r.MockN != 40 || r.MockMissRate != 0.1 || r.N != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestWindowLateResults(t *testing.T) {
	w := NewWindow(time.Second)
	w.Add(10*time.Second, time.Millisecond, false)
	w.Add(9500*time.Millisecond, time.Millisecond, true) // still inside
	w.Add(time.Second, time.Millisecond, true)           // long gone
	w.Add(-time.Second, time.Millisecond, true)
	if r := w.Rates(10 * time.Second); r.N != 2 || r.ErrorRate != 0.5 {
		t.Errorf("got %+v", r)
	}
	// What came after the moment asked for does not count.
	if r := w.Rates(9900 * time.Millisecond); r.N != 1 || r.ErrorRate != 1 {
		t.Errorf("before got %+v", r)
	}
}

func TestWindowFromManyGoroutines(t *testing.T) {
	w := NewWindow(time.Second)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 500 {
				w.Add(time.Duration(i), time.Millisecond, true)
				w.Rates(time.Duration(i))
			}
		})
	}
	group.Wait()
	if r := w.Rates(0); r.N != 4000 || r.ErrorRate != 1 {
		t.Errorf("got %+v", r)
	}
}
