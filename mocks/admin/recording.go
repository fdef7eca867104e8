package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/traffic"
)

func (h *Handler) recordingRoutes() map[string]action {
	return map[string]action{
		"POST /recordings/start":    h.startRecording,
		"POST /recordings/stop":     h.stopRecording,
		"GET /recordings/status":    h.recordingStatus,
		"POST /recordings/snapshot": h.snapshot,
	}
}

// recording is what is going on since /recordings/start.
type recording struct {
	spec      *recordSpec
	since     time.Time
	forgotten int64
}

// recordSpec says what is recorded and how.
type recordSpec struct {
	Target       string          `json:"targetBaseUrl"`
	Filters      json.RawMessage `json:"filters"`
	Headers      map[string]any  `json:"captureHeaders"`
	BodyPattern  bodyPattern     `json:"requestBodyPattern"`
	Persist      *bool           `json:"persist"`
	Repeats      *bool           `json:"repeatsAsScenarios"`
	OutputFormat string          `json:"outputFormat"`
	// These make what the embedded mock does not make; they are refused where they say something.
	Extract      any      `json:"extractBodyCriteria"`
	Transformers []string `json:"transformers"`
	Parameters   any      `json:"transformerParameters"`

	filter filters
}

// bodyPattern says how bodies are pinned. JSON is always pinned by structure and whole.
type bodyPattern struct {
	Matcher             string `json:"matcher"`
	IgnoreArrayOrder    bool   `json:"ignoreArrayOrder"`
	IgnoreExtraElements bool   `json:"ignoreExtraElements"`
	CaseInsensitive     bool   `json:"caseInsensitive"`
}

// filters choose the requests that become stubs.
type filters struct {
	ids        []string
	nonProxied bool
	pattern    *mocks.RequestPattern
}

func (h *Handler) readSpec(r *http.Request) (*recordSpec, error) {
	s := &recordSpec{}
	if err := read(r, s); err != nil {
		return nil, err
	}
	for name, set := range map[string]bool{
		"extractBodyCriteria": s.Extract != nil, "transformers": len(s.Transformers) > 0,
		"transformerParameters":                  s.Parameters != nil,
		"requestBodyPattern.ignoreArrayOrder":    s.BodyPattern.IgnoreArrayOrder,
		"requestBodyPattern.ignoreExtraElements": s.BodyPattern.IgnoreExtraElements,
		"requestBodyPattern.caseInsensitive":     s.BodyPattern.CaseInsensitive,
	} {
		if set {
			return nil, invalid("%s is not supported by this recorder; leave it out", name)
		}
	}
	if m := s.BodyPattern.Matcher; !slices.Contains([]string{"", "auto", "equalToJson", "equalTo"}, m) {
		return nil, invalid("requestBodyPattern.matcher: expected auto, equalTo or equalToJson, got %q", m)
	}
	if f := s.OutputFormat; f != "" && f != "FULL" && f != "IDS" {
		return nil, invalid("outputFormat: expected FULL or IDS, got %q", f)
	}
	var err error
	s.filter, err = h.readFilters(s.Filters)
	return s, err
}

// readFilters takes the filters' own members out; the rest is a request pattern.
func (h *Handler) readFilters(data json.RawMessage) (filters, error) {
	f := filters{}
	members := map[string]json.RawMessage{}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &members); err != nil {
			return f, badJSON(fmt.Errorf("filters: %w", err))
		}
	}
	for name, into := range map[string]any{"ids": &f.ids, "allowNonProxied": &f.nonProxied} {
		if raw, ok := members[name]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return f, badJSON(fmt.Errorf("filters.%s: %w", name, err))
			}
			delete(members, name)
		}
	}
	rest, err := json.Marshal(members)
	if err != nil {
		return f, err
	}
	f.pattern, err = h.pattern(rest)
	return f, err
}

func (f filters) take(e *embedded.Event) bool {
	return e.Status != 0 && (e.Proxied || f.nonProxied) &&
		(len(f.ids) == 0 || slices.Contains(f.ids, e.ID)) && f.pattern.Matches(e.View())
}

func (h *Handler) startRecording(r *http.Request) (any, error) {
	spec, err := h.readSpec(r)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(spec.Target)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, invalid("targetBaseUrl: expected an http or https URL, got %q", spec.Target)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.recording != nil {
		return nil, problem{http.StatusConflict, codeRecording, "Already recording", "stop the recording first"}
	}
	if err := h.server.Record(target); err != nil {
		return nil, refused("%v", err)
	}
	_, forgotten := h.server.Events()
	h.recording = &recording{spec: spec, since: h.options.Now(), forgotten: forgotten}
	return nothing{}, nil
}

func (h *Handler) stopRecording(*http.Request) (any, error) {
	h.mu.Lock()
	now := h.recording
	h.recording = nil
	h.mu.Unlock()
	if now == nil {
		return nil, problem{http.StatusUnprocessableEntity, codeRecording, "Not recording", "no recording was started"}
	}
	h.server.StopRecording()
	events, forgotten := h.server.Events()
	events = slices.DeleteFunc(events, func(e *embedded.Event) bool { return e.Time.Before(now.since) })
	return h.made(now.spec, events, forgotten-now.forgotten)
}

func (h *Handler) recordingStatus(*http.Request) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.recording == nil {
		return map[string]string{"status": "Stopped"}, nil
	}
	return map[string]string{"status": "Recording"}, nil
}

// snapshot makes stubs of what has been served so far.
func (h *Handler) snapshot(r *http.Request) (any, error) {
	spec, err := h.readSpec(r)
	if err != nil {
		return nil, err
	}
	events, forgotten := h.server.Events()
	return h.made(spec, events, forgotten)
}

// made makes stubs of events, serves them, and saves them where the spec and a folder allow it.
func (h *Handler) made(spec *recordSpec, events []*embedded.Event, forgotten int64) (any, error) {
	m := mocks.DefaultMatch()
	for name := range spec.Headers {
		m.Headers = append(m.Headers, name)
	}
	slices.Sort(m.Headers)
	var records []*traffic.Record
	for _, e := range events {
		if spec.filter.take(e) {
			records = append(records, recordOf(e))
		}
	}
	built, err := mocks.FromTraffic(records, m)
	if err != nil {
		return nil, invalid("captureHeaders: %v", err)
	}
	stubs := built.Stubs
	if spec.Repeats != nil && !*spec.Repeats {
		stubs = firstsOnly(stubs)
	}
	persist := spec.Persist == nil || *spec.Persist
	for _, s := range stubs {
		s.Persistent = persist
	}
	newest := slices.Clone(stubs)
	slices.Reverse(newest)
	if err := h.server.Add(newest...); err != nil {
		return nil, err
	}
	for _, s := range stubs {
		if err := h.keep(s); err != nil {
			return nil, err
		}
	}
	return madeBody(spec, stubs, forgotten), nil
}

// recordOf is an event as it is recorded.
func recordOf(e *embedded.Event) *traffic.Record {
	return &traffic.Record{
		ID: e.ID, Time: e.Time, Direction: traffic.Outbound, Protocol: traffic.HTTP, Duration: e.Took,
		Request:  e.Request,
		Response: &traffic.Response{Status: e.Status, Header: e.Header, Body: e.Body},
	}
}

// firstsOnly keeps the first answer of each sequence, for good.
func firstsOnly(stubs []*mocks.Stub) []*mocks.Stub {
	var out []*mocks.Stub
	for _, s := range stubs {
		if s.Scenario != "" && s.RequiredState != mocks.Started && s.RequiredState != "" {
			continue
		}
		s.Scenario, s.RequiredState, s.NewState = "", "", ""
		out = append(out, s)
	}
	return out
}

func madeBody(spec *recordSpec, stubs []*mocks.Stub, forgotten int64) any {
	out := map[string]any{}
	if spec.OutputFormat == "IDS" {
		ids := make([]string, len(stubs))
		for i, s := range stubs {
			ids[i] = s.ID
		}
		out["ids"] = ids
	} else {
		out["mappings"] = mappingsOf(stubs)
	}
	if forgotten > 0 {
		out["forgotten"] = forgotten
	}
	return out
}
