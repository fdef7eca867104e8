package wiremock

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// adminTimeout bounds one call of the admin API.
const adminTimeout = 15 * time.Second

// admin speaks WireMock's admin API where go-wiremock cannot: it knows neither contexts nor imports,
// near misses, single events, or journals with repeated headers.
type admin struct {
	base   string // of the server, without a trailing slash
	client *http.Client
}

func newAdmin(base string) *admin {
	return &admin{base, &http.Client{Timeout: adminTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 2}}}
}

// call sends in as JSON, where it is not nil, and reads out, where that is not nil.
func (a *admin) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("asking WireMock for %s: %w", path, err)
		}
	}
	data, err := a.send(ctx, method, path, body)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("reading WireMock's answer for %s: %w", path, err)
	}
	return nil
}

func (a *admin) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+"/__admin/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking WireMock for %s: %w", path, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking WireMock for %s: %w", path, err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("asking WireMock for %s: %w", path, err)
	case resp.StatusCode >= http.StatusMultipleChoices:
		return nil, &answerError{Path: path, Status: resp.StatusCode, Text: string(data)}
	}
	return data, nil
}

// answerError is an answer of the admin API that is no success.
type answerError struct {
	Path   string
	Status int
	Text   string
}

func (e *answerError) Error() string {
	text := e.Text
	var told struct {
		Errors []struct{ Title, Detail string }
	}
	if json.Unmarshal([]byte(text), &told) == nil && len(told.Errors) > 0 {
		text = told.Errors[0].Title + ": " + told.Errors[0].Detail
	}
	return fmt.Sprintf("WireMock answered %s with status %d: %s", e.Path, e.Status, text[:min(len(text), 500)])
}

// load adds the mappings in one call. An import puts its first mapping on top.
func (a *admin) load(ctx context.Context, mappings []json.RawMessage) error {
	return a.call(ctx, http.MethodPost, "mappings/import", map[string]any{
		"mappings":      mappings,
		"importOptions": map[string]any{"duplicatePolicy": "OVERWRITE", "deleteAllNotInImport": false},
	}, nil)
}

// put stores a file that bodyFileName can name.
func (a *admin) put(ctx context.Context, name string, data []byte) error {
	_, err := a.send(ctx, http.MethodPut, "files/"+name, data)
	return err
}

// unload takes the mappings of one mock away that share a WireMock.
func (a *admin) unload(ctx context.Context, mock string) error {
	pattern := map[string]string{"expression": "$." + mockKey, "equalTo": mock}
	return a.call(ctx, http.MethodPost, "mappings/remove-by-metadata", map[string]any{"matchesJsonPath": pattern}, nil)
}

// page is the newest part of the journal, the newest first.
type page struct {
	Requests []event
	Meta     struct{ Total int }
}

// event is one request that was served.
type event struct {
	ID      string
	Request json.RawMessage
	// StubMapping is what answered; it has no ID where nothing did.
	StubMapping struct{ ID string }
	Timing      timing
}

// timing is in milliseconds, and known before the answer is sent.
type timing struct{ AddedDelay, ProcessTime int64 }

func (a *admin) events(ctx context.Context, limit int) (*page, error) {
	p := &page{}
	return p, a.call(ctx, http.MethodGet, "requests?limit="+strconv.Itoa(limit), nil, p)
}

// nearMiss is a stub that WireMock says comes close to a request.
type nearMiss struct{ StubMapping struct{ ID string } }

// nearest asks for the stubs that come closest to a request of the journal.
func (a *admin) nearest(ctx context.Context, request json.RawMessage) ([]nearMiss, error) {
	var found struct{ NearMisses []nearMiss }
	err := a.call(ctx, http.MethodPost, "near-misses/request", request, &found)
	return found.NearMisses, err
}

// setState puts one scenario into a state.
func (a *admin) setState(ctx context.Context, scenario, state string) error {
	path := "scenarios/" + scenario + "/state"
	return a.call(ctx, http.MethodPut, path, map[string]string{"state": state}, nil)
}
