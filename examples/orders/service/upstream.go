package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	upstreamTimeout = 5 * time.Second
	maxUpstreamBody = 1 << 20
	upstreamConns   = 32
)

// upstream is an HTTP API that the service calls.
type upstream struct {
	base   string
	client *http.Client
}

func newUpstream(base string) *upstream {
	return &upstream{
		base: strings.TrimSuffix(base, "/"),
		client: &http.Client{
			Timeout:   upstreamTimeout,
			Transport: &http.Transport{MaxIdleConnsPerHost: upstreamConns},
		},
	}
}

// StatusError is an upstream's answer that was not a success.
type StatusError struct {
	Status int
	Target string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s answered %d", e.Target, e.Status) }

// call sends in as JSON (nothing where it is nil) and decodes a 2xx answer into out. Any other
// status is a *StatusError.
func (u *upstream) call(ctx context.Context, method, target string, in, out any) error {
	req, err := u.request(ctx, method, target, in)
	if err != nil {
		return err
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return fmt.Errorf("calling %s %s: %w", method, target, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxUpstreamBody))
	if err != nil {
		return fmt.Errorf("reading the answer of %s %s: %w", method, target, err)
	}
	if resp.StatusCode/100 != 2 {
		return &StatusError{Status: resp.StatusCode, Target: method + " " + target}
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("decoding the answer of %s %s: %w", method, target, err)
	}
	return nil
}

func (u *upstream) request(ctx context.Context, method, target string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encoding the request %s %s: %w", method, target, err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.base+target, body)
	if err != nil {
		return nil, fmt.Errorf("building the request %s %s: %w", method, target, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "orders/1.0")
	req.Header.Set(requestIDHeader, requestID(ctx))
	return req, nil
}
