package recording

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/session"
)

// at makes an inbound record: id, second, session.
func at(id string, second float64, session string) *traffic.Record {
	return &traffic.Record{
		ID: id, Direction: traffic.Inbound, Protocol: traffic.HTTP, Session: session, Duration: time.Second,
		Time:     time.Unix(1000, 0).Add(time.Duration(second * float64(time.Second))).UTC(),
		Request:  &traffic.Request{Method: http.MethodGet, URL: "/orders/1", Header: http.Header{}},
		Response: &traffic.Response{Status: 200, Body: []byte(`{}`)},
	}
}

// arranged is a recording of records.
func arranged(t *testing.T, o Options, records ...*traffic.Record) *Recording {
	t.Helper()
	if o.Select.Sample == 0 {
		o.Select.Sample = 1
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), r.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := errors.Join(r.Take(records), r.Arrange()); err != nil {
		t.Fatal(err)
	}
	return r
}

// played lists what a part hands out: "a: 1 2, b: 3".
func played(t *testing.T, p Part) string {
	t.Helper()
	var sessions []string
	for source := p.Source(); ; {
		s, err := source.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(sessions, ", ")
		}
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{s.Key() + ":"}
		for {
			var step replay.Step
			err := s.Next(&step)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, step.Record.ID)
		}
		sessions = append(sessions, strings.Join(ids, " "))
	}
}

func cookie(r *traffic.Record, value string) *traffic.Record {
	r.Request.Header = http.Header{"Cookie": {"sid=" + value}}
	return r
}

func TestArrange(t *testing.T) {
	outbound := at("out", 0, "")
	outbound.Direction = traffic.Outbound
	mixed := []*traffic.Record{
		at("3", 3, "b"), at("1", 1, "a"), at("4", 3, "a"), outbound, at("2", 2, "b"), at("5", 9, "c"),
	}
	first := session.Config{}
	cases := map[string]struct {
		options Options
		records []*traffic.Record
		want    string
		how     string
	}{
		"nothing": {want: "", how: "sessions: 0"},
		"as recorded": {
			records: mixed, want: "a: 1 4, b: 2 3, c: 5", how: "sessions: 3, as recorded",
		},
		"selected": {
			options: Options{Select: session.Select{Since: time.Unix(1002, 0), Limit: 3}},
			records: mixed, want: "b: 2 3, a: 4", how: "sessions: 3, as recorded",
		},
		"where": {
			options: Options{Where: func(r *traffic.Record) (bool, error) { return r.Session == "a", nil }},
			records: mixed, want: "a: 1 4", how: "sessions: 3, as recorded",
		},
		"limit after where": {
			options: Options{
				Select: session.Select{Limit: 1},
				Where:  func(r *traffic.Record) (bool, error) { return r.ID > "1", nil },
			},
			records: mixed, want: "b: 2", how: "sessions: 3, as recorded",
		},
		"all together": {
			options: Options{Session: first}, records: []*traffic.Record{at("2", 2, ""), at("1", 1, "")},
			want: "anonymous: 1 2", how: "sessions: 1, all requests in order, as nothing tells users apart",
		},
		"inferred": {
			records: []*traffic.Record{cookie(at("1", 1, ""), "x"), cookie(at("2", 2, ""), "y"), cookie(at("3", 3, ""), "x")},
			want:    "cookie:2d711642b726b044: 1 3, cookie:a1fce4363854ff88: 2",
			how:     "sessions: 2, inferred from cookie sid",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := arranged(t, c.options, c.records...)
			if diff := cmp.Diff(c.want, played(t, r.All())); diff != "" {
				t.Errorf("played (-want +got):\n%s", diff)
			}
			if r.Sessions != c.how {
				t.Errorf("sessions %q, want %q", r.Sessions, c.how)
			}
		})
	}
}

func TestSampleTakesWholeSessions(t *testing.T) {
	var records []*traffic.Record
	for i := range 400 {
		records = append(records, at(strconv.Itoa(i), float64(i), fmt.Sprint("user-", i%200)))
	}
	sample := func(seed uint64) *Recording {
		return arranged(t, Options{Select: session.Select{Sample: 0.5}, Seed: seed}, records...)
	}
	r := sample(1)
	if n := r.Len(); n < 140 || n > 260 || n%2 != 0 || r.Inbound != 400 {
		t.Errorf("50%% of 200 sessions are %d records of %d", n, r.Inbound)
	}
	if r.Hash() != sample(1).Hash() || r.Hash() == sample(2).Hash() {
		t.Error("the sample does not follow the seed")
	}
}

func TestErrors(t *testing.T) {
	both := session.Config{Header: "A", Client: true}
	if _, err := New(Options{Session: both, Select: session.DefaultSelect()}); err == nil {
		t.Error("two keys were taken")
	}
	wrong := errors.New("wrong")
	cases := map[string]struct {
		options Options
		want    error
	}{
		"no key": {Options{Session: session.Config{Header: "X"}}, ErrSessions},
		"where":  {Options{Where: func(*traffic.Record) (bool, error) { return false, wrong }}, wrong},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.options.Select = session.DefaultSelect()
			r, err := New(c.options)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := r.Take([]*traffic.Record{at("1", 1, "")}); err != nil {
				t.Fatal(err)
			}
			if err := r.Arrange(); !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCanary(t *testing.T) {
	tests := map[string]struct {
		n            int
		canary, rest string
	}{
		"none":          {0, "", "c: 1 2, b: 3 4, a: 5"},
		"part of one":   {1, "c: 1 2", "b: 3 4, a: 5"},
		"exactly one":   {2, "c: 1 2", "b: 3 4, a: 5"},
		"into the next": {3, "c: 1 2, b: 3 4", "a: 5"},
		"more than all": {99, "c: 1 2, b: 3 4, a: 5", ""},
	}
	r := arranged(t, Options{}, at("1", 1, "c"), at("2", 2, "c"), at("3", 3, "b"), at("4", 4, "b"), at("5", 5, "a"))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			canary, rest, err := r.All().Canary(test.n)
			got := []string{played(t, canary), played(t, rest), played(t, rest.None())}
			if diff := cmp.Diff([]string{test.canary, test.rest, ""}, got); diff != "" || err != nil {
				t.Errorf("%v, split (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	first, second, third := at("1", 1, "s"), at("2", 2, "s"), at("3", 3, "s")
	first.Response.Body = []byte(`{"id":"ord_1a2b3c"}`)
	second.Request.URL = "/orders/ord_1a2b3c?at={{now}}"
	third.Request.Method = http.MethodConnect
	correlator, err := correlate.New(correlate.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	r := arranged(t, Options{Correlator: correlator}, first, second, third)
	var got []replay.Step
	s, err := r.All().Source().Next()
	for err == nil {
		var step replay.Step
		if err = s.Next(&step); err == nil {
			got = append(got, step)
		}
	}
	if !errors.Is(err, io.EOF) || !errors.Is(s.Next(&replay.Step{}), io.EOF) || len(got) != 3 {
		t.Fatalf("%d steps, %v", len(got), err)
	}
	if diff := cmp.Diff([]*traffic.Record{first, second, third},
		[]*traffic.Record{got[0].Record, got[1].Record, got[2].Record}, cmp.Comparer(sameHeader)); diff != "" {
		t.Error(diff)
	}
	if got[0].Traits != 0 || got[1].Traits != replay.Variable || got[2].Traits != replay.Unsendable {
		t.Errorf("traits %v, %v, %v", got[0].Traits, got[1].Traits, got[2].Traits)
	}
	links, err := correlate.ParseLinks(got[0].Links)
	if err != nil || len(links) != 1 || links[0].Value != "ord_1a2b3c" || links[0].First != 1 || len(got[1].Links) > 0 {
		t.Errorf("links %+v, %v", links, err)
	}
	want := []EndpointCount{{"CONNECT /orders/{id}", 1}, {"GET /orders/{id}", 2}}
	if len(r.Endpoints()) != 2 || r.Endpoints()[0] != want[1] || got[2].Endpoint != want[0].Endpoint {
		t.Errorf("endpoints %v", r.Endpoints())
	}
}

// sameHeader takes an empty header for none.
func sameHeader(a, b http.Header) bool {
	return len(a) == 0 && len(b) == 0 || cmp.Equal(map[string][]string(a), b)
}

// Records that came mixed are laid one behind the other, with their links.
func TestMixedSessions(t *testing.T) {
	correlator, err := correlate.New(correlate.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	var records []*traffic.Record
	want := map[string]string{}
	for i := range 300 {
		r := at(strconv.Itoa(i), float64(i), fmt.Sprint("s", i%3))
		issued := fmt.Sprintf("ord_%04d", i)
		r.Response.Body = []byte(`{"id":"` + issued + `"}`)
		r.Request.URL = fmt.Sprintf("/orders/ord_%04d", i-3)
		want[r.ID] = issued
		records = append(records, r)
	}
	r := arranged(t, Options{Correlator: correlator}, records...)
	if err := errors.Join(r.Settle(), r.Settle()); err != nil {
		t.Fatal(err)
	}
	linked := 0
	for source := r.All().Source(); ; {
		s, err := source.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		for err == nil {
			var step replay.Step
			if err = s.Next(&step); err != nil {
				break
			}
			links, err := correlate.ParseLinks(step.Links)
			if err != nil || len(links) > 0 && links[0].Value != want[step.Record.ID] {
				t.Fatalf("record %s: %v, %v", step.Record.ID, links, err)
			}
			linked += len(links)
		}
		if !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	if linked != 297 {
		t.Errorf("%d links", linked)
	}
}

func TestMarks(t *testing.T) {
	r := arranged(t, Options{}, at("1", 1, "a"), at("2", 2, "b"), at("3", 5, "a"))
	var got []string
	err := r.All().Source().Marks(func(m replay.Mark) {
		got = append(got, fmt.Sprint(m.First, m.At.Unix()-1000, m.Took))
	})
	if diff := cmp.Diff([]string{"true 1 1s", "false 5 1s", "true 2 1s"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestFind(t *testing.T) {
	r := arranged(t, Options{}, at("1", 1, "a"), at("2", 2, "b"), at("3", 3, "a"), at("4", 4, "a"))
	where, ok, err := r.Find("3")
	if !ok || err != nil || where.Index != 1 || played(t, where.Upto) != "a: 1 3" {
		t.Errorf("%+v, %t, %v: %s", where, ok, err, played(t, where.Upto))
	}
	if _, ok, err := r.Find("5"); ok || err != nil {
		t.Errorf("found: %t, %v", ok, err)
	}
}

func TestAnswers(t *testing.T) {
	records := []*traffic.Record{at("1", 1, "a"), at("2", 2, "a"), at("3", 3, "a"), at("4", 4, "a")}
	records[0].Response = nil
	records[3].Request.URL = "/other"
	r := arranged(t, Options{}, records...)
	for most, want := range map[int]int{1: 2, 2: 3, 9: 3} {
		n := 0
		err := r.Answers(most, func(string, *traffic.Response) bool {
			n++
			return true
		})
		if n != want || err != nil {
			t.Errorf("up to %d: %d, %v", most, n, err)
		}
	}
	n := 0
	if err := r.Answers(9, func(string, *traffic.Response) bool { n++; return false }); n != 1 || err != nil {
		t.Errorf("%d after the end, %v", n, err)
	}
}

func TestAttribute(t *testing.T) {
	inbound := []*traffic.Record{at("in-1", 10, "a"), at("in-2", 10.5, "b"), at("in-3", 20, "c")}
	cases := map[string]struct {
		second  float64
		session string
		parent  string
		want    string
	}{
		"before all":           {9, "", "", ""},
		"while one is served":  {10.2, "", "", "in-1"},
		"at its very moment":   {10, "", "", "in-1"},
		"several: the first":   {10.7, "", "", "in-1"},
		"several: the session": {10.7, "b", "", "in-2"},
		"after all":            {30, "", "", "in-3"},
		"known":                {10.2, "", "else", "else"},
	}
	var calls []*traffic.Record
	var want []string
	for name, c := range cases {
		out := at(name, c.second, c.session)
		out.Direction, out.Parent = traffic.Outbound, c.parent
		calls = append(calls, out)
		want = append(want, name+" -> "+c.want)
	}
	if err := arranged(t, Options{}, inbound...).Attribute(calls); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, out := range calls {
		got = append(got, out.ID+" -> "+out.Parent)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}
}

// A failed load leaves nothing behind either.
func TestReadOfNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	r, err := New(Options{Select: session.DefaultSelect()})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Read(t.Context(), []string{filepath.Join(dir, "none.jsonl")}); err == nil {
		t.Error("a file that is not there was read")
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
