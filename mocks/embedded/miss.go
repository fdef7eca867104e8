package embedded

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/headgate-dev/headgate/mocks"
)

// missAnswer is the body of the answer to an unmatched request.
type missAnswer struct {
	Error   string       `json:"error"`
	Request missRequest  `json:"request"`
	Nearest []nearAnswer `json:"nearest"`
}

type missRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
}

type nearAnswer struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Distance    float64           `json:"distance"`
	Differences []differentAnswer `json:"differences"`
}

type differentAnswer struct {
	Where    string `json:"where"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

// writeMiss answers an unmatched request in the form that the server was given.
func (s *Server) writeMiss(w http.ResponseWriter, m *mocks.MissReport) {
	if !s.table {
		writeMiss(w, s.miss, "no stub matches", m)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set(mocks.MissHeader, "1")
	w.WriteHeader(s.miss)
	_, _ = io.WriteString(w, table(m)) // a client that went away needs no answer
}

func writeMiss(w http.ResponseWriter, status int, why string, m *mocks.MissReport) {
	out := missAnswer{
		Error:   why,
		Request: missRequest{m.Request.Method, m.Request.URL},
		Nearest: []nearAnswer{},
	}
	for _, n := range m.Nearest {
		diffs := make([]differentAnswer, len(n.Differences))
		for i, d := range n.Differences {
			diffs[i] = differentAnswer(d)
		}
		out.Nearest = append(out.Nearest, nearAnswer{n.Stub.ID, n.Stub.Name, n.Distance, diffs})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(mocks.MissHeader, "1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // a client that went away needs no answer
}
