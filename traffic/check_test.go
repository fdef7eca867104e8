package traffic

import (
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	cases := map[string]struct {
		change func(*Record)
		want   string
	}{
		"right":      {func(*Record) {}, ""},
		"id":         {func(r *Record) { r.ID = "" }, "it has no id"},
		"year":       {func(r *Record) { r.Time = time.Unix(1<<40, 0) }, "its time is in the year 36812"},
		"duration":   {func(r *Record) { r.Duration = -1 }, "it took -1ns"},
		"years":      {func(r *Record) { r.Duration = 1 << 62 }, "it took 1281023h53m38.427387904s"},
		"no request": {func(r *Record) { r.Request = nil }, "it has no request"},
		"method":     {func(r *Record) { r.Request.Method = "G T" }, `its method is "G T"`},
		"target":     {func(r *Record) { r.Request.URL = "" }, "it has no request target"},
		"status":     {func(r *Record) { r.Response.Status = 99 }, "its status is 99"},
		"no query":   {func(r *Record) { r.Protocol = Postgres }, "it has no query"},
		"query": {
			func(r *Record) {
				r.Protocol, r.Request, r.Response = Postgres, &Request{Query: &Query{}}, nil
			}, "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := &Record{
				ID: "a", Direction: Inbound, Protocol: HTTP,
				Request: &Request{Method: "GET", URL: "/"}, Response: &Response{Status: 200},
			}
			c.change(r)
			err := r.Check()
			if err == nil != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
