package process

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/services"
)

// entry is one process of the process table.
type entry struct {
	pid, parent, group int
	zombie             bool
	// cpu is the user and system time of the process and of its ended children that it waited for.
	cpu time.Duration
	// memory is its resident size in bytes, shared pages included.
	memory int64
}

// meter measures a process and all its descendants.
type meter struct {
	leader int

	mu      sync.Mutex
	members []int
	stats   services.Stats
	ended   bool

	quit, done chan struct{}
}

// newMeter starts to sample the memory of the leader's family until stop is called, if sampled is set.
func newMeter(leader int, sampled bool) *meter {
	m := &meter{leader: leader, members: []int{leader}, quit: make(chan struct{}), done: make(chan struct{})}
	if sampled {
		go m.sample()
	} else {
		close(m.done)
	}
	return m
}

// sample looks for new members only now and then: reading the whole process table for each sample would
// disturb what is measured.
func (m *meter) sample() {
	defer close(m.done)
	tick := time.NewTicker(sampleTime)
	defer tick.Stop()
	for i := 0; ; i++ {
		if i%samplesPerScan == 0 {
			_ = m.scan()
		} else {
			m.add(m.reread())
		}
		select {
		case <-tick.C:
		case <-m.quit:
			return
		}
	}
}

// read measures now. After the end it gives the final numbers.
func (m *meter) read() (services.Stats, error) {
	err := m.scan()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return m.stats, nil
	}
	return m.stats, err
}

func (m *meter) scan() error {
	all, err := processes()
	if err != nil {
		return err
	}
	m.add(family(all, m.leader))
	return nil
}

// reread reads the members that are known.
func (m *meter) reread() []entry {
	m.mu.Lock()
	members := m.members
	m.mu.Unlock()
	var list []entry
	for _, pid := range members {
		if e, err := readEntry(pid); err == nil {
			list = append(list, e)
		}
	}
	return list
}

// add takes a measurement in. The processor time never goes down: a child that nobody waited for takes its
// time with it, and that time was spent all the same.
func (m *meter) add(list []entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return
	}
	var cpu time.Duration
	var memory int64
	members := make([]int, 0, len(list))
	for _, e := range list {
		cpu += e.cpu
		memory += e.memory
		members = append(members, e.pid)
	}
	m.members = members
	m.stats.CPU = max(m.stats.CPU, cpu)
	m.stats.Memory = memory
	m.stats.PeakMem = max(m.stats.PeakMem, memory)
}

// stop ends the sampling; state is how the leader ended, with the exact time of those it waited for.
func (m *meter) stop(state *os.ProcessState) {
	close(m.quit)
	<-m.done
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
	m.stats.Memory = 0
	if state != nil {
		m.stats.CPU = max(m.stats.CPU, state.UserTime()+state.SystemTime())
	}
}

// family picks the leader, its group and all their descendants.
func family(all []entry, leader int) []entry {
	in := make(map[int]bool, len(all))
	for grown := true; grown; {
		grown = false
		for _, e := range all {
			if !in[e.pid] && (e.pid == leader || e.group == leader || in[e.parent]) {
				in[e.pid], grown = true, true
			}
		}
	}
	var list []entry
	for _, e := range all {
		if in[e.pid] {
			list = append(list, e)
		}
	}
	return list
}

// notProcess says what is wrong with a row of the process table.
func notProcess(row string) error {
	return fmt.Errorf("the process table has an unreadable row %.100q", row)
}
