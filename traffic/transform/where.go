package transform

import (
	"regexp"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

// Where limits a change to some records; one text is the endpoint.
type Where struct {
	// Endpoint as inspect shows it, such as "POST /orders/{id}"; * stands for any characters.
	Endpoint string `yaml:"endpoint"`
	// Direction of the traffic: inbound or outbound.
	Direction string `yaml:"direction" jsonschema:"enum=inbound,enum=outbound"`
	// Service that answers outbound requests.
	Service string `yaml:"service"`
}

// UnmarshalSpec reads an endpoint or a mapping.
func (w *Where) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type full Where
	if n.Kind() == spec.Map {
		return spec.Decode(n, (*full)(w))
	}
	return spec.Decode(n, &w.Endpoint)
}

// JSONSchemaSpec describes both forms.
func (Where) JSONSchemaSpec() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"anyOf": []any{text, map[string]any{
		"type": "object", "additionalProperties": false,
		"properties": map[string]any{
			"endpoint": text, "service": text, "direction": map[string]any{"enum": []any{"inbound", "outbound"}},
		},
	}}}
}

// filter is a compiled Where.
type filter struct {
	endpoint  *regexp.Regexp
	direction traffic.Direction
	service   string
}

func (w Where) compile() filter {
	f := filter{direction: traffic.Direction(w.Direction), service: w.Service}
	if w.Endpoint != "" {
		glob := strings.ReplaceAll(regexp.QuoteMeta(w.Endpoint), `\*`, `.*`)
		f.endpoint = regexp.MustCompile("^" + glob + "$") // quoted text is an expression
	}
	return f
}

func (f *filter) keeps(r *traffic.Record) bool {
	return (f.direction == "" || f.direction == r.Direction) && (f.service == "" || f.service == r.Service) &&
		(f.endpoint == nil || f.endpoint.MatchString(traffic.Endpoint(r.Request.Method, r.Request.URL)))
}
