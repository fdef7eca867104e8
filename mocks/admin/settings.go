package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

// settingsBody are the global settings as WireMock writes them; nil is not set.
type settingsBody struct {
	FixedDelay   *int64          `json:"fixedDelay"`
	Distribution json.RawMessage `json:"delayDistribution"`
	PassThrough  *bool           `json:"proxyPassThrough,omitempty"`
	Extended     map[string]any  `json:"extended,omitempty"`
}

func (h *Handler) settings(*http.Request) (any, error) {
	now := h.server.Settings()
	body := map[string]any{}
	if now.FixedDelay != 0 {
		body["fixedDelay"] = now.FixedDelay
	}
	if now.Distribution != nil {
		body["delayDistribution"] = now.Distribution
	}
	return map[string]any{"settings": body}, nil
}

func (h *Handler) setSettings(r *http.Request) (any, error) {
	return h.change(r, embedded.Settings{})
}

func (h *Handler) patchSettings(r *http.Request) (any, error) {
	return h.change(r, h.server.Settings())
}

func (h *Handler) change(r *http.Request, next embedded.Settings) (any, error) {
	var body settingsBody
	if err := read(r, &body); err != nil {
		return nil, err
	}
	if len(body.Extended) > 0 {
		return nil, invalid("extended: settings of extensions are not supported")
	}
	if body.FixedDelay != nil {
		if *body.FixedDelay < 0 {
			return nil, invalid("fixedDelay: expected 0 or more milliseconds, got %d", *body.FixedDelay)
		}
		next.FixedDelay = *body.FixedDelay
	}
	if len(body.Distribution) > 0 && string(body.Distribution) != "null" {
		d, err := h.delay(body.Distribution)
		if err != nil {
			return nil, err
		}
		next.Distribution = d
	}
	h.server.SetSettings(next)
	return nothing{}, nil
}

// delay reads a delay distribution as it stands in a response.
func (h *Handler) delay(data json.RawMessage) (*mocks.Delay, error) {
	mapping := `{"request": {}, "response": {"delayDistribution": ` + string(data) + `}}`
	stubs, err := h.options.Stubs.Parse("body", []byte(mapping))
	if err != nil {
		return nil, badJSON(err)
	}
	return stubs[0].Response.DelayDistribution, nil
}

type scenarioBody struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	State    string    `json:"state"`
	Possible []string  `json:"possibleStates"`
	Mappings []mapping `json:"mappings"`
}

func (h *Handler) scenarios(*http.Request) (any, error) {
	out := []scenarioBody{}
	for _, s := range h.server.Scenarios() {
		out = append(out, scenarioBody{s.Name, s.Name, s.State, s.States, mappingsOf(s.Stubs)})
	}
	return map[string]any{"scenarios": out}, nil
}

func (h *Handler) resetScenarios(*http.Request) (any, error) {
	h.server.ResetScenarios()
	return nothing{}, nil
}

// setState puts one scenario into a state; without a body, back to its start.
func (h *Handler) setState(r *http.Request) (any, error) {
	body := struct {
		State string `json:"state"`
	}{mocks.Started}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	err := h.server.SetState(r.PathValue("name"), body.State)
	switch {
	case errors.Is(err, embedded.ErrUnknownScenario):
		return nil, notFound("%v", err)
	case err != nil:
		return nil, invalid("%v", err)
	}
	return nothing{}, nil
}
