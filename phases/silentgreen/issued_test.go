package silentgreen_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// shop issues ids, cursors and tokens of its own, and knows no others.
type shop struct {
	mu     sync.Mutex
	prefix string
	issued int
	known  map[string]bool
	// broken makes it hand out the ids of another order.
	broken bool
}

func newShop(prefix string) *shop { return &shop{prefix: prefix, known: map[string]bool{}} }

// issue makes an id that nobody has had before.
func (s *shop) issue(kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issued++
	id := fmt.Sprintf("%s_%s%06d", kind, s.prefix, s.issued*7919)
	s.known[id] = true
	return id
}

func (s *shop) knows(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[id]
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/orders/")
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/orders":
		id = s.issue("ord")
		w.Header().Set("Location", "/orders/"+id)
		reply(w, http.StatusCreated, map[string]any{"id": id, "state": "new"})
	case r.URL.Path == "/orders":
		s.list(w, r.URL.Query().Get("cursor"))
	case r.URL.Path == "/lines":
		s.line(w, r)
	case !s.knows(id):
		reply(w, http.StatusNotFound, map[string]any{"error": "no such order"})
	default:
		if s.broken {
			id = s.issue("ord")
		}
		reply(w, http.StatusOK, map[string]any{"id": id, "state": "new"})
	}
}

func (s *shop) list(w http.ResponseWriter, cursor string) {
	switch {
	case cursor == "":
		reply(w, http.StatusOK, map[string]any{"more": true, "next_cursor": s.issue("cur")})
	case s.knows(cursor):
		reply(w, http.StatusOK, map[string]any{"more": false})
	default:
		reply(w, http.StatusBadRequest, map[string]any{"error": "bad cursor"})
	}
}

func (s *shop) line(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var line struct {
		Order string `json:"order_id"`
	}
	if err := json.Unmarshal(body, &line); err != nil || !s.knows(line.Order) {
		reply(w, http.StatusUnprocessableEntity, map[string]any{"error": "no such order"})
		return
	}
	reply(w, http.StatusOK, map[string]any{"order_id": line.Order, "lines": 1})
}

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// shopping is what a shop of the recording answered.
func shopping() []exchange {
	created := func(id string) exchange {
		return post("/orders", `{"sku":"x"}`).json(`{"id":"`+id+`","state":"new"}`).code(201).
			with("Location", "/orders/"+id)
	}
	shown := func(id string) exchange { return get("/orders/" + id).json(`{"id":"` + id + `","state":"new"}`) }
	const first, second, cursor = "ord_a10007919", "ord_a10015838", "cur_a10023757"
	return []exchange{
		created(first), created(second), shown(first), shown(second),
		post("/lines", `{"order_id":"`+second+`"}`).json(`{"order_id":"` + second + `","lines":1}`),
		get("/orders").json(`{"more":true,"next_cursor":"` + cursor + `"}`),
		get("/orders?cursor=" + cursor).json(`{"more":false}`),
		get("/orders/ord_unknown1234").json(`{"error":"no such order"}`).code(404),
	}
}

// TestNeverRedIssued replays against a service that issues everything anew.
func TestNeverRedIssued(t *testing.T) {
	c := trial{
		recorded: shopping(), serve: newShop("zz"), compare: `{headers: [Location]}`, cause: `^passed: 8 of 8`,
	}
	c.judge(t)
}

// TestSilentGreenIssued replays against services that do not keep what they issued.
func TestSilentGreenIssued(t *testing.T) {
	mixed := newShop("zz")
	mixed.broken = true
	cases := map[string]trial{
		"another id than the one issued": {
			serve: mixed, exit: 1, cause: `GET /orders/\{id\} \$\.id differs`,
		},
		"values that are not carried": {
			serve: newShop("zz"), traffic: `{correlate: off}`, exit: 1, cause: `differs`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.recorded = shopping()
			c.judge(t)
		})
	}
}
