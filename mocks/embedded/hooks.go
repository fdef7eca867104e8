package embedded

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	mostHooks   = 64 // webhooks under way at a time; more are refused and logged
	hookTimeout = 30 * time.Second
)

// hooks are the calls that stubs make after they have answered.
type hooks struct {
	logger    *slog.Logger
	transport *http.Transport
	running   sync.WaitGroup

	mu      sync.Mutex
	ended   bool
	next    int
	cancels map[int]context.CancelFunc // of those under way
}

func newHooks(logger *slog.Logger) *hooks {
	return &hooks{logger: logger, transport: newTransport(), cancels: map[int]context.CancelFunc{}}
}

// enter makes room for one more call. It outlives the request that ctx belongs to.
func (h *hooks) enter(ctx context.Context) (outliving context.Context, leave func(), ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended || len(h.cancels) >= mostHooks {
		return nil, nil, false
	}
	outliving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	id := h.next
	h.next++
	h.cancels[id] = cancel
	return outliving, func() {
		cancel()
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.cancels, id)
	}, true
}

// hook is one call that is to be made.
type hook struct {
	stub  string
	delay time.Duration
	build func(context.Context) (*http.Request, error)
}

// call sends one request later, in its own goroutine, which Close waits for.
func (h *hooks) call(ctx context.Context, c hook) {
	ctx, leave, ok := h.enter(ctx)
	if !ok {
		h.logger.Warn("webhook refused: too many are under way", "stub", c.stub, "limit", mostHooks)
		return
	}
	h.running.Go(func() {
		defer leave()
		if !sleep(ctx, c.delay) {
			return
		}
		ctx, stop := context.WithTimeout(ctx, hookTimeout)
		defer stop()
		status, err := h.send(ctx, c.build)
		if err != nil {
			h.logger.Warn("webhook failed", "stub", c.stub, "error", err)
			return
		}
		h.logger.Info("webhook sent", "stub", c.stub, "status", status)
	})
}

func (h *hooks) send(ctx context.Context, build func(context.Context) (*http.Request, error)) (int, error) {
	req, err := build(ctx)
	if err != nil {
		return 0, err
	}
	resp, err := h.transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)) // so that the connection is used again
	return resp.StatusCode, nil
}

// close ends all calls and waits for them.
func (h *hooks) close() {
	h.mu.Lock()
	h.ended = true
	for _, cancel := range h.cancels {
		cancel()
	}
	h.mu.Unlock()
	h.running.Wait()
	h.transport.CloseIdleConnections()
}
