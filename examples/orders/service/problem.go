package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Problem is an error that the client sees: {"error": {"code", "message", "fields"}}.
type Problem struct {
	Status  int          `json:"-"`
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Fields  []FieldError `json:"fields,omitempty"`
}

// FieldError says what is wrong with one field of the request.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (p *Problem) Error() string { return p.Code + ": " + p.Message }

func invalid(fields ...FieldError) error {
	return &Problem{
		Status: http.StatusUnprocessableEntity, Code: "invalid",
		Message: "the request has invalid fields", Fields: fields,
	}
}

func unauthorized() error {
	return &Problem{
		Status: http.StatusUnauthorized, Code: "unauthorized",
		Message: "log in and send the token as Authorization: Bearer",
	}
}

func conflict(code, message string) error {
	return &Problem{Status: http.StatusConflict, Code: code, Message: message}
}

// problemOf maps what the lower layers return to what the client sees.
func problemOf(err error) *Problem {
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, ErrNotFound):
		return &Problem{Status: http.StatusNotFound, Code: "not_found", Message: ErrNotFound.Error()}
	case errors.Is(err, ErrDeclined):
		return &Problem{
			Status: http.StatusPaymentRequired, Code: "payment_declined", Message: ErrDeclined.Error(),
		}
	default:
		return &Problem{
			Status: http.StatusBadGateway, Code: "upstream", Message: "a service behind this one did not answer",
		}
	}
}

const maxBody = 64 << 10

// decode reads a JSON request body.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return &Problem{
			Status: http.StatusBadRequest, Code: "bad_json",
			Message: fmt.Sprintf("the body is not as expected: %v", err),
		}
	}
	return nil
}
