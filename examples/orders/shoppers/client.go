package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// shopper is one customer and one session.
type shopper struct {
	number   int
	user     string
	token    string
	settings settings
	rng      *rand.Rand // what is bought and asked
	pauses   *rand.Rand // apart, so that -think does not change what is bought
	client   *http.Client
	counts   *tally
}

func newShopper(number int, s settings, client *http.Client, counts *tally) *shopper {
	return &shopper{
		number: number, user: fmt.Sprintf("user-%02d", number), settings: s, client: client, counts: counts,
		rng:    rand.New(rand.NewPCG(s.seed, uint64(number))),
		pauses: rand.New(rand.NewPCG(^s.seed, uint64(number))),
	}
}

// step is one request and the status it must get. Route is what it is counted under: the method and
// the path's template.
type step struct {
	route     string
	path      string
	body      any
	ifMatch   string
	anonymous bool
	want      int
}

// answer is what came back. Order is zero where the body was not one.
type answer struct {
	order    order
	location string
	etag     string
	body     []byte
}

type order struct {
	ID    string  `json:"id"`
	Total float64 `json:"total"`
}

// send pauses, sends the step and checks the status.
func (s *shopper) send(ctx context.Context, st step) (answer, error) {
	if err := s.pause(ctx); err != nil {
		return answer{}, err
	}
	req, err := s.request(ctx, st)
	if err != nil {
		return answer{}, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("%s: sending %s: %w", s.user, st.route, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("%s: reading the answer to %s: %w", s.user, st.route, err)
	}
	s.counts.add(st.route, resp.StatusCode)
	if resp.StatusCode != st.want {
		return answer{}, fmt.Errorf("%s: %s (%s) answered %d, expected %d: %s",
			s.user, st.route, st.path, resp.StatusCode, st.want, bytes.TrimSpace(body))
	}
	out := answer{location: resp.Header.Get("Location"), etag: resp.Header.Get("ETag"), body: body}
	_ = json.Unmarshal(body, &out.order) // receipts are text
	return out, nil
}

func (s *shopper) pause(ctx context.Context) error {
	think := s.settings.think.from
	if width := s.settings.think.to - think; width > 0 {
		think += time.Duration(s.pauses.Int64N(int64(width)))
	}
	select {
	case <-time.After(think):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", s.user, ctx.Err())
	}
}

func (s *shopper) request(ctx context.Context, st step) (*http.Request, error) {
	var body io.Reader
	if st.body != nil {
		data, err := json.Marshal(st.body)
		if err != nil {
			return nil, fmt.Errorf("%s: encoding %s: %w", s.user, st.route, err)
		}
		body = bytes.NewReader(data)
	}
	method, _, _ := strings.Cut(st.route, " ")
	req, err := http.NewRequestWithContext(ctx, method, s.settings.target+st.path, body)
	if err != nil {
		return nil, fmt.Errorf("%s: building %s: %w", s.user, st.route, err)
	}
	if st.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json, text/plain")
	req.Header.Set("User-Agent", agents[s.number%len(agents)])
	req.Header.Set("X-Client-Id", s.user)
	req.Header.Set("X-Request-Id", s.uuid())
	if s.token != "" && !st.anonymous {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	if st.ifMatch != "" {
		req.Header.Set("If-Match", st.ifMatch)
	}
	return req, nil
}

// uuid draws a version 4 UUID (RFC 9562 section 5.4) from the shopper's own source.
func (s *shopper) uuid() string {
	high, low := s.rng.Uint64(), s.rng.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(3<<62) | 2<<62
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x",
		high>>32, high>>16&0xffff, high&0xffff, low>>48, low&0xffffffffffff)
}
