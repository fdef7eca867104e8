package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/mocks"
)

func (h *Handler) mappingRoutes() map[string]action {
	return map[string]action{
		"GET /mappings":                     h.listMappings,
		"POST /mappings":                    h.addMapping,
		"POST /mappings/new":                h.addMapping,
		"DELETE /mappings":                  h.clearMappings,
		"POST /mappings/reset":              h.reset,
		"POST /mappings/save":               h.save,
		"POST /mappings/import":             h.importMappings,
		"POST /mappings/remove":             h.removeMapping,
		"GET /mappings/unmatched":           h.unusedMappings,
		"DELETE /mappings/unmatched":        h.removeUnused,
		"POST /mappings/find-by-metadata":   h.findByMetadata,
		"POST /mappings/remove-by-metadata": h.removeByMetadata,
		"GET /mappings/{id}":                h.oneMapping,
		"PUT /mappings/{id}":                h.editMapping,
		"DELETE /mappings/{id}":             h.deleteMapping,
	}
}

// mapping is a stub as WireMock writes it.
type mapping struct {
	*mocks.Stub
	UUID string `json:"uuid"`
}

func mappingsOf(stubs []*mocks.Stub) []mapping {
	out := make([]mapping, len(stubs))
	for i, s := range stubs {
		out[i] = mapping{s, s.ID}
	}
	return out
}

// page is a list of mappings with the number of all.
type page struct {
	Mappings []mapping `json:"mappings"`
	Meta     total     `json:"meta"`
}

type total struct {
	Total int `json:"total"`
}

func pageOf(stubs []*mocks.Stub) page { return page{mappingsOf(stubs), total{len(stubs)}} }

func (h *Handler) listMappings(r *http.Request) (any, error) {
	stubs := h.server.Stubs()
	from, to, err := window(r.URL.Query(), len(stubs))
	if err != nil {
		return nil, err
	}
	return page{mappingsOf(stubs[from:to]), total{len(stubs)}}, nil
}

// window is the part of n items that limit and offset ask for.
func window(q url.Values, n int) (from, to int, err error) {
	to = n
	if text := q.Get("offset"); text != "" {
		if from, err = strconv.Atoi(text); err != nil || from < 0 {
			return 0, 0, invalid("offset: expected a whole number, got %q", text)
		}
	}
	from = min(from, n)
	if text := q.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 0 {
			return 0, 0, invalid("limit: expected a whole number, got %q", text)
		}
		to = min(n-from, limit) + from
	}
	return from, to, nil
}

// parse reads one mapping or {"mappings": [...]}. Mappings without an ID get a new one.
func (h *Handler) parse(data []byte) ([]*mocks.Stub, error) {
	stubs, err := h.options.Stubs.Parse("body", data)
	if err != nil {
		return nil, badJSON(err)
	}
	for i, named := range haveIDs(data) {
		stubs[i].File = ""
		if !named {
			stubs[i].ID = uuid.NewString()
		}
	}
	return stubs, nil
}

// haveIDs tells which of the mappings in well-formed data name their ID.
func haveIDs(data []byte) []bool {
	type ids struct{ ID, UUID string }
	var many struct{ Mappings []ids }
	var one ids
	if json.Unmarshal(data, &many) == nil && many.Mappings != nil {
		out := make([]bool, len(many.Mappings))
		for i, m := range many.Mappings {
			out[i] = m.ID+m.UUID != ""
		}
		return out
	}
	_ = json.Unmarshal(data, &one) // it has been read before
	return []bool{one.ID+one.UUID != ""}
}

// parseOne reads a body that is one mapping.
func (h *Handler) parseOne(r *http.Request) (*mocks.Stub, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	stubs, err := h.parse(data)
	switch {
	case err != nil:
		return nil, err
	case len(stubs) != 1:
		return nil, invalid("expected one mapping, got %d; use /__admin/mappings/import", len(stubs))
	}
	return stubs[0], nil
}

func (h *Handler) addMapping(r *http.Request) (any, error) {
	s, err := h.parseOne(r)
	if err != nil {
		return nil, err
	}
	if err := h.server.Add(s); err != nil {
		return nil, err
	}
	if err := h.keep(s); err != nil {
		return nil, err
	}
	return created{mapping{s, s.ID}}, nil
}

func (h *Handler) oneMapping(r *http.Request) (any, error) {
	id := r.PathValue("id")
	s := h.server.Stub(id)
	if s == nil {
		return nil, notFound("no mapping has the id %s", id)
	}
	return mapping{s, s.ID}, nil
}

func (h *Handler) editMapping(r *http.Request) (any, error) {
	s, err := h.parseOne(r)
	if err != nil {
		return nil, err
	}
	s.ID = r.PathValue("id")
	known, err := h.server.Edit(s)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, notFound("no mapping has the id %s", s.ID)
	}
	if err := h.keep(s); err != nil {
		return nil, err
	}
	return mapping{s, s.ID}, nil
}

func (h *Handler) deleteMapping(r *http.Request) (any, error) {
	id := r.PathValue("id")
	if !h.server.Remove(id) {
		return nil, notFound("no mapping has the id %s", id)
	}
	return nothing{}, h.forget(id)
}

// removeMapping is the older way to delete: by a body with the ID.
func (h *Handler) removeMapping(r *http.Request) (any, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var body struct{ ID, UUID string }
	if err := json.Unmarshal(data, &body); err != nil {
		return nil, badJSON(err)
	}
	for _, id := range []string{body.ID, body.UUID} {
		if h.server.Remove(id) {
			return nothing{}, h.forget(id)
		}
	}
	return nil, notFound("no mapping has the id %q", body.ID+body.UUID)
}

func (h *Handler) clearMappings(*http.Request) (any, error) {
	return nothing{}, h.removeWhere(func(*mocks.Stub) bool { return true })
}

// removeWhere removes stubs and the files that were written for them.
func (h *Handler) removeWhere(drop func(*mocks.Stub) bool) error {
	for _, s := range h.server.RemoveWhere(drop) {
		if err := h.forget(s.ID); err != nil {
			return err
		}
	}
	return nil
}

type importOptions struct {
	DuplicatePolicy      string `json:"duplicatePolicy"`
	DeleteAllNotInImport bool   `json:"deleteAllNotInImport"`
}

// importMappings adds or replaces many at once, or none if one is refused. The first of the list comes
// first when they are tried.
func (h *Handler) importMappings(r *http.Request) (any, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	var head struct{ ImportOptions importOptions }
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, badJSON(err)
	}
	policy := head.ImportOptions.DuplicatePolicy
	if policy != "" && policy != "OVERWRITE" && policy != "IGNORE" {
		return nil, invalid("importOptions.duplicatePolicy: expected OVERWRITE or IGNORE, got %q", policy)
	}
	stubs, err := h.parse(data)
	if err != nil {
		return nil, err
	}
	var fresh []*mocks.Stub
	imported := make(map[string]bool, len(stubs))
	for _, s := range stubs {
		imported[s.ID] = true
		switch {
		case h.server.Stub(s.ID) == nil:
			fresh = append(fresh, s)
		case policy != "IGNORE":
			if _, err := h.server.Edit(s); err != nil {
				return nil, err
			}
		}
	}
	slices.Reverse(fresh)
	if err := h.server.Add(fresh...); err != nil {
		return nil, err
	}
	if head.ImportOptions.DeleteAllNotInImport {
		err = h.removeWhere(func(s *mocks.Stub) bool { return !imported[s.ID] })
	}
	return nothing{}, err
}

// unused tells which stubs have answered nothing that is remembered.
func (h *Handler) unused() func(*mocks.Stub) bool {
	used := map[string]bool{}
	events, _ := h.server.Events()
	for _, e := range events {
		if e.Stub != nil {
			used[e.Stub.ID] = true
		}
	}
	return func(s *mocks.Stub) bool { return !used[s.ID] }
}

func (h *Handler) unusedMappings(*http.Request) (any, error) {
	unused := h.unused()
	return pageOf(slices.DeleteFunc(h.server.Stubs(), func(s *mocks.Stub) bool { return !unused(s) })), nil
}

func (h *Handler) removeUnused(*http.Request) (any, error) {
	return nothing{}, h.removeWhere(h.unused())
}

// metadataFilter reads a pattern that the metadata of a stub has to match.
func (h *Handler) metadataFilter(r *http.Request) (func(*mocks.Stub) bool, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	pattern, err := h.pattern(slices.Concat([]byte(`{"bodyPatterns": [`), bytes.TrimSpace(data), []byte(`]}`)))
	if err != nil {
		return nil, err
	}
	return func(s *mocks.Stub) bool {
		if s == nil || len(s.Metadata) == 0 {
			return false
		}
		text, err := json.Marshal(s.Metadata)
		return err == nil && pattern.Matches(&mocks.Request{Path: "/", Body: *mocks.NewValue(string(text))})
	}, nil
}

func (h *Handler) findByMetadata(r *http.Request) (any, error) {
	matches, err := h.metadataFilter(r)
	if err != nil {
		return nil, err
	}
	return pageOf(slices.DeleteFunc(h.server.Stubs(), func(s *mocks.Stub) bool { return !matches(s) })), nil
}

func (h *Handler) removeByMetadata(r *http.Request) (any, error) {
	matches, err := h.metadataFilter(r)
	if err != nil {
		return nil, err
	}
	return nothing{}, h.removeWhere(matches)
}
