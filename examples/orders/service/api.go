package main

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// API answers the service's HTTP requests. All fields are required.
type API struct {
	store   *Store
	payment *Payment
	catalog *Catalog
	faults  *Fault
	log     *slog.Logger
	now     func() time.Time
}

// handler answers one request; an error it returns becomes the response.
type handler func(w http.ResponseWriter, r *http.Request, s *Session) error

// Handler routes the requests.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("POST /login", a.open(a.login))
	mux.HandleFunc("POST /orders", a.authenticated(a.create))
	mux.HandleFunc("GET /orders", a.authenticated(a.list))
	mux.HandleFunc("GET /orders/search", a.authenticated(a.search))
	mux.HandleFunc("GET /orders/{id}", a.authenticated(a.read))
	mux.HandleFunc("GET /orders/{id}/receipt", a.authenticated(a.receipt))
	mux.HandleFunc("POST /orders/{id}/cancel", a.authenticated(a.cancel))
	return a.observed(mux)
}

// observed gives each request an id and a log line.
func (a *API) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := a.now()
		id := r.Header.Get(requestIDHeader)
		if id == "" {
			id = newUUID()
		}
		w.Header().Set(requestIDHeader, id)
		a.faults.arrived(a.log, r)
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r.WithContext(withRequestID(r.Context(), id)))
		a.log.Info("request", "method", r.Method, "path", r.URL.Path, "status", seen.status,
			"took", a.now().Sub(start), "request_id", id)
	})
}

// statusWriter remembers the status for the log.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// open serves requests that need no login.
func (a *API) open(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r, nil); err != nil {
			a.refuse(w, r, err)
		}
	}
}

// authenticated serves requests that carry the token of a login.
func (a *API) authenticated(h handler) http.HandlerFunc {
	return a.open(func(w http.ResponseWriter, r *http.Request, _ *Session) error {
		token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		session, ok := a.store.Session(token, a.now())
		if !found || !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			return unauthorized()
		}
		return h(w, r, session)
	})
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		a.log.Error("request not served", "cause", err, "request_id", requestID(r.Context()))
	}
	if err := a.respond(w, p.Status, map[string]*Problem{"error": p}); err != nil {
		a.log.Error("response not written", "cause", err, "request_id", requestID(r.Context()))
	}
}

// respond writes v as JSON.
func (a *API) respond(w http.ResponseWriter, status int, v any) error {
	body, err := a.faults.encode(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone away is no fault of the service
	return nil
}

func (a *API) health(w http.ResponseWriter, _ *http.Request) {
	_ = a.respond(w, http.StatusOK, map[string]string{"status": "ok"}) // a plain map always encodes
}

type loginRequest struct {
	User string `json:"user"`
}

type loginResponse struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *API) login(w http.ResponseWriter, r *http.Request, _ *Session) error {
	var in loginRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if strings.TrimSpace(in.User) == "" {
		return invalid(FieldError{Field: "user", Message: "is required"})
	}
	token, session := a.store.Open(in.User, a.now().UTC())
	return a.respond(w, http.StatusOK, loginResponse{Token: token, ExpiresAt: session.Expires})
}
