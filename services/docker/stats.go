package docker

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

// meter keeps the newest of the samples that the engine sends each second, and the peak.
type meter struct {
	first chan struct{} // closed with the first sample

	mu      sync.Mutex
	newest  services.Stats
	sampled bool
}

func newMeter() *meter { return &meter{first: make(chan struct{})} }

// run reads samples until ctx ends. An engine that ends the stream, as in a restart, is asked again.
func (m *meter) run(ctx context.Context, c *client.Client, id string) {
	for ctx.Err() == nil {
		m.stream(ctx, c, id)
		pause(ctx, 200*time.Millisecond)
	}
}

func (m *meter) stream(ctx context.Context, c *client.Client, id string) {
	res, err := c.ContainerStats(ctx, id, client.ContainerStatsOptions{Stream: true})
	if err != nil {
		return
	}
	defer res.Body.Close()
	for in := json.NewDecoder(res.Body); ; {
		var s container.StatsResponse
		if in.Decode(&s) != nil {
			return
		}
		m.add(&s)
	}
}

// add takes a sample; those of a container that does not run hold nothing.
func (m *meter) add(s *container.StatsResponse) {
	if s.Read.IsZero() || s.CPUStats.CPUUsage.TotalUsage == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.sampled {
		m.sampled = true
		close(m.first)
	}
	m.newest.CPU = max(m.newest.CPU, time.Duration(s.CPUStats.CPUUsage.TotalUsage))
	m.newest.Memory = workingSet(s.MemoryStats)
	m.newest.PeakMem = max(m.newest.PeakMem, m.newest.Memory)
}

// workingSet is the memory in use without the files that the kernel could drop from its cache: what
// "docker stats" shows. The name of that part depends on the version of cgroups.
func workingSet(m container.MemoryStats) int64 {
	inactive, v1 := m.Stats["total_inactive_file"]
	if !v1 {
		inactive = m.Stats["inactive_file"]
	}
	return int64(m.Usage - min(inactive, m.Usage))
}

// end tells that the container does not run any more.
func (m *meter) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.newest.Memory = 0
}

// read returns the newest sample, and waits for the first where the container has only just begun.
func (m *meter) read(ctx context.Context, exited <-chan struct{}) (services.Stats, error) {
	select {
	case <-m.first:
	case <-exited:
	case <-ctx.Done():
		return services.Stats{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.sampled {
		return services.Stats{}, errors.New("it ended before the engine had measured it")
	}
	return m.newest, nil
}
