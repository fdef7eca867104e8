package main

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

const (
	defaultLimit = 20
	maxLimit     = 50
	cursorPrefix = "after:"
)

func (a *API) read(w http.ResponseWriter, r *http.Request, s *Session) error {
	o, err := s.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	if a.faults.failsRead() {
		return &Problem{Status: http.StatusInternalServerError, Code: "internal", Message: "try again"}
	}
	w.Header().Set("ETag", o.ETag())
	v := a.view(o)
	v.Currency = a.faults.readCurrency(v.Currency)
	return a.respond(w, http.StatusOK, v)
}

func (a *API) receipt(w http.ResponseWriter, r *http.Request, s *Session) error {
	o, err := s.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	a.faults.typeset(r.Context())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(receiptText(o))) // a client that has gone away is no fault of the service
	return nil
}

func (a *API) search(w http.ResponseWriter, r *http.Request, s *Session) error {
	query := r.URL.Query()
	var minTotal Money
	if text := query.Get("min_total"); text != "" {
		if err := minTotal.UnmarshalJSON([]byte(text)); err != nil || minTotal < 0 {
			return invalid(FieldError{"min_total", "must be an amount such as 19.90"})
		}
	}
	found := s.Search(query.Get("q"), minTotal)
	return a.respond(w, http.StatusOK, searchResponse{Orders: a.views(found), Count: len(found)})
}

func (a *API) list(w http.ResponseWriter, r *http.Request, s *Session) error {
	in, err := parseListing(r)
	if err != nil {
		return err
	}
	page, more, err := s.List(in.after, in.status, in.limit)
	if errors.Is(err, ErrNotFound) {
		return invalid(FieldError{"cursor", "was not issued in this session"})
	}
	if err != nil {
		return err
	}
	out := listResponse{}
	if more {
		out.NextCursor = newCursor(page[len(page)-1].ID)
	}
	out.Orders = a.views(a.faults.arrange(page))
	return a.respond(w, http.StatusOK, out)
}

// listing is the query of a list request.
type listing struct {
	after  string
	status Status
	limit  int
}

func parseListing(r *http.Request) (listing, error) {
	query := r.URL.Query()
	in := listing{status: Status(query.Get("status")), limit: defaultLimit}
	var fields []FieldError
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			fields = append(fields, FieldError{"limit", "must be 1 to " + strconv.Itoa(maxLimit)})
		}
		in.limit = n
	}
	if in.status != "" && in.status != Paid && in.status != Cancelled {
		fields = append(fields, FieldError{"status", "must be paid or cancelled"})
	}
	if text := query.Get("cursor"); text != "" {
		id, ok := parseCursor(text)
		if !ok {
			fields = append(fields, FieldError{"cursor", "must be a next_cursor of this list"})
		}
		in.after = id
	}
	if len(fields) > 0 {
		return listing{}, invalid(fields...)
	}
	return in, nil
}

// newCursor hides the id of the last order of a page.
func newCursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + id))
}

func parseCursor(text string) (string, bool) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(data), cursorPrefix)
}

// cancel gives the money back, once.
func (a *API) cancel(w http.ResponseWriter, r *http.Request, s *Session) error {
	o, err := s.Update(r.PathValue("id"), func(o *Order) error {
		if want := r.Header.Get("If-Match"); want != "" && want != "*" && want != o.ETag() {
			return &Problem{
				Status: http.StatusPreconditionFailed, Code: "changed", Message: "the order is at " + o.ETag(),
			}
		}
		if o.Status == Cancelled {
			return a.faults.cancelledTwice(conflict("already_cancelled", "the order is cancelled already"))
		}
		return a.giveBack(r.Context(), o)
	})
	if err != nil {
		return err
	}
	w.Header().Set("ETag", o.ETag())
	return a.respond(w, http.StatusOK, a.view(o))
}

func (a *API) giveBack(ctx context.Context, o *Order) error {
	if !a.faults.dropsRefund() {
		refund := Refund{ChargeID: o.PaymentID, Amount: o.Total, Reason: "cancelled_by_customer"}
		id, err := a.payment.Refund(ctx, refund)
		if err != nil {
			return err
		}
		a.log.Info("order cancelled", "order", o.ID, "refund", id)
	}
	o.Status = Cancelled
	o.UpdatedAt = a.now().UTC()
	o.Version++
	return nil
}
