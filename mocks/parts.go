package mocks

import (
	"encoding/json"
	"net/textproto"
	"slices"
)

// PartPattern says what the parts of a multipart body have to be.
type PartPattern struct {
	// Name is for people: WireMock does not compare it. Match the header Content-Disposition instead.
	Name     string `json:"name,omitempty"`
	FileName string `json:"fileName,omitempty"`
	// Type is ANY (the default: one part has to match) or ALL.
	Type         string              `json:"matchingType,omitempty"`
	Headers      map[string]*Pattern `json:"headers,omitempty"`
	BodyPatterns []*Pattern          `json:"bodyPatterns,omitempty"`
}

func (p *PartPattern) matches(r *Request) bool {
	parts := r.Parts()
	if p.Type == "ALL" {
		return len(parts) > 0 && !slices.ContainsFunc(parts, func(part *Part) bool { return !p.accepts(part) })
	}
	return slices.ContainsFunc(parts, p.accepts)
}

func (p *PartPattern) accepts(part *Part) bool {
	if p.FileName != "" && p.FileName != part.FileName {
		return false
	}
	for name, want := range p.Headers {
		if !want.MatchValues(part.Header[textproto.CanonicalMIMEHeaderKey(name)]) {
			return false
		}
	}
	for _, want := range p.BodyPatterns {
		if !want.Match(&part.Body) {
			return false
		}
	}
	return true
}

func (d *decoder) parts(path string, raw json.RawMessage, r *RequestPattern) {
	d.list(path, raw, func(path string, raw json.RawMessage) {
		p := &PartPattern{}
		d.object(path, raw, map[string]take{
			"name":         into(d, &p.Name, "a string"),
			"fileName":     into(d, &p.FileName, "a string"),
			"matchingType": into(d, &p.Type, "ANY or ALL"),
			"headers": func(path string, raw json.RawMessage) {
				p.Headers = d.patternMap(path, raw)
			},
			"bodyPatterns": func(path string, raw json.RawMessage) {
				d.list(path, raw, func(path string, raw json.RawMessage) {
					p.BodyPatterns = append(p.BodyPatterns, d.pattern(path, raw))
				})
			},
		}, nil)
		if p.Type != "" && p.Type != "ANY" && p.Type != "ALL" {
			d.problem(path+".matchingType", "expected ANY or ALL, got %q", p.Type)
		}
		r.MultipartPatterns = append(r.MultipartPatterns, p)
	})
}
