package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// decimal is an amount in cents, written as a decimal number with two places.
type decimal int64

// MarshalJSON writes the amount; it is never negative here.
func (d decimal) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%02d", d/100, d%100), nil
}

type failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	respond(w, status, map[string]failure{"error": {Code: code, Message: message}})
}

func respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone away is no fault of the API
}

func health(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]string{"status": "ok"})
}
