package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// step is one request. In path, header and body {name} stands for what an earlier step took under that
// name, and {visitor} for the visitor.
type step struct {
	method string // GET where empty
	path   string
	header map[string]string
	body   string
	want   int // status; 200 where 0
	// take keeps the value of a response header, or of the member of a JSON body where it begins
	// with "$.", for later steps; it is kept under its own name in lower case.
	take string
}

// walk is one visitor's way through the service.
type walk struct {
	visitor
	settings settings
	client   *http.Client
	taken    map[string]string
}

func (w *walk) all(ctx context.Context) error {
	w.taken["visitor"] = w.name
	for _, st := range w.steps {
		if err := w.send(ctx, st); err != nil {
			return fmt.Errorf("%s: %s %s: %w", w.name, st.method, st.path, err)
		}
	}
	return nil
}

// send pauses, sends the step and checks the status.
func (w *walk) send(ctx context.Context, st step) error {
	select {
	case <-time.After(w.settings.think):
	case <-ctx.Done():
		return ctx.Err()
	}
	req, err := w.request(ctx, st)
	if err != nil {
		return err
	}
	res, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if want := max(st.want, http.StatusOK); res.StatusCode != want {
		return fmt.Errorf("answered %d, expected %d: %.200s", res.StatusCode, want, body)
	}
	return w.keep(st.take, res.Header, body)
}

func (w *walk) request(ctx context.Context, st step) (*http.Request, error) {
	body := io.Reader(http.NoBody)
	if st.body != "" {
		body = strings.NewReader(w.fill(st.body))
	}
	req, err := http.NewRequestWithContext(ctx, st.method, w.settings.target+w.fill(st.path), body)
	if err != nil {
		return nil, err
	}
	req.Host = w.settings.host
	req.Header.Set("User-Agent", "visitors/1.0")
	req.Header.Set("Accept-Encoding", "gzip, deflate")
	req.Header.Set("X-Visitor", w.name)
	if w.forwarded != "" {
		req.Header.Set("X-Forwarded-For", w.forwarded)
	}
	for name, value := range st.header {
		req.Header.Set(name, w.fill(value))
	}
	return req, nil
}

// fill puts taken values in the place of their names.
func (w *walk) fill(text string) string {
	for name, value := range w.taken {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

func (w *walk) keep(take string, header http.Header, body []byte) error {
	member, inBody := strings.CutPrefix(take, "$.")
	value := header.Get(take)
	if inBody {
		var fields map[string]any
		if err := json.Unmarshal(body, &fields); err != nil {
			return fmt.Errorf("reading %s: %w", take, err)
		}
		value, _ = fields[member].(string)
	}
	if take != "" && value == "" {
		return fmt.Errorf("the answer has no %s", take)
	}
	w.taken[strings.ToLower(member)] = value
	return nil
}
