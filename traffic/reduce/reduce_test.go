package reduce

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/index"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

// request is one recorded exchange in a few words: "session method path status"; "-" is no session.
func request(i int, text string) *traffic.Record {
	w := strings.Fields(text)
	status := 0
	fmt.Sscan(w[3], &status)
	r := &traffic.Record{
		ID: fmt.Sprintf("r%d", i), Time: time.Unix(1_700_000_000, int64(i)*int64(time.Second)+7), Duration: time.Millisecond,
		Direction: traffic.Inbound, Protocol: traffic.HTTP, Request: &traffic.Request{Method: w[1], URL: w[2]},
		Response: &traffic.Response{Status: status},
	}
	if w[0] != "-" {
		r.Session = w[0]
	}
	return r
}

// set is the index of records; those of each list are one file.
func set(tb testing.TB, files ...[]*traffic.Record) *index.Set {
	tb.Helper()
	dir := tb.TempDir()
	for i, records := range files {
		var b bytes.Buffer
		w := jsonl.NewWriter(&b)
		for _, r := range records {
			if err := w.Write(r); err != nil {
				tb.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.jsonl", i)), b.Bytes(), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	s, err := index.Load(tb.Context(), []string{dir}, index.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// chosen are the ids of what is chosen.
func chosen(tb testing.TB, s *index.Set, o Options) ([]string, *Choice) {
	tb.Helper()
	c, err := Choose(tb.Context(), s, o)
	if err != nil {
		tb.Fatal(err)
	}
	var ids []string
	_, err = s.Read(tb.Context(), c.Has, func(r *traffic.Record) error { ids = append(ids, r.ID); return nil })
	if err != nil {
		tb.Fatal(err)
	}
	return ids, c
}

func TestChoose(t *testing.T) {
	shop := []string{
		"a POST /login 200", "a GET /cart 200", "a GET /cart 200", // 0 to 2
		"b POST /login 200", "b GET /cart 500", // 3, 4
		"c POST /login 200", "c GET /cart?x=1 200", "c GET /cart 200", "c GET /cart 200", // 5 to 8
		"- GET /health 200", "- GET /health 200", "- GET /health 200", // 9 to 11
	}
	tests := map[string]struct {
		options Options
		want    string
	}{
		"everything":           {Options{}, "0 1 2 3 4 5 6 7 8 9 10 11"},
		"all kinds":            {Options{Budget: 10}, "0 1 2 3 4 5 6 7 8 *"},
		"all but one":          {Options{Budget: 7}, "3 4 5 6 7 8 *"},
		"a session first":      {Options{Budget: 3}, "3 4 *"},
		"one request":          {Options{Budget: 1}, "*"},
		"sessions with errors": {Options{Statuses: []string{"5xx"}}, "3 4"},
		"sessions by endpoint": {Options{Endpoints: []string{"GET /cart"}, Budget: 2}, "3 4"},
		"one session":          {Options{Session: "a"}, "0 1 2"},
		"one request of it":    {Options{Session: "a", Budget: 1}, "0"},
		"the end of time":      {Options{Since: time.Unix(1_700_000_000+8, 0)}, "8 9 10 11"},
		"the beginning":        {Options{Until: time.Unix(1_700_000_000+2, 0)}, "0 1"},
	}
	var records []*traffic.Record
	for i, text := range shop {
		records = append(records, request(i, text))
	}
	s := set(t, records)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(5) {
				test.options.Seed = seed
				ids, c := chosen(t, s, test.options)
				again, _ := chosen(t, s, test.options)
				if diff := cmp.Diff(ids, again); diff != "" {
					t.Fatalf("the same seed chooses differently (-first +second):\n%s", diff)
				}
				if b := test.options.Budget; b > 0 && len(ids) > b || c.Kept != len(ids) {
					t.Errorf("%d are chosen, %d told, the budget is %d", len(ids), c.Kept, b)
				}
				want := strings.Fields(test.want)
				if want[len(want)-1] == "*" { // one of the requests to /health
					want = want[:len(want)-1]
					ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains([]string{"r9", "r10", "r11"}, id) })
				}
				for i := range want {
					want[i] = "r" + want[i]
				}
				if diff := cmp.Diff(want, ids, cmp.Transformer("", func(l []string) []string {
					if len(l) == 0 {
						return nil
					}
					return l
				})); diff != "" {
					t.Errorf("seed %d chose (-want +got):\n%s", seed, diff)
				}
			}
		})
	}
}

// Every shape is there as soon as the budget allows it, and what is not is told.
func TestChooseCoversShapes(t *testing.T) {
	var records []*traffic.Record
	for i := range 1000 {
		r := request(i, fmt.Sprintf("s%d GET /orders/%d 200", i/4, i))
		if i%250 == 13 {
			r.Request.URL += fmt.Sprintf("?rare%c=1", rune('a'+i/250))
		}
		records = append(records, r)
	}
	s := set(t, records)
	_, c := chosen(t, s, Options{Budget: 20})
	if c.Shapes != (Coverage{Kept: 5, All: 5}) || c.Kept != 20 || c.KeptSessions != 5 || len(c.Missing) != 0 {
		t.Errorf("got %+v", c.Report)
	}
	_, c = chosen(t, s, Options{Budget: 12})
	if c.Shapes.Kept != 4 || len(c.Missing) != 1 || c.Missing[0].Records != 1 ||
		!strings.HasSuffix(c.Missing[0].File, "0.jsonl") {
		t.Errorf("got %+v", c.Report)
	}
	want := []Kind{{Endpoint: "GET /orders/{id}", Status: 200, Kept: 12, Records: 1000, Shapes: Coverage{4, 5}}}
	if diff := cmp.Diff(want, c.Kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// What is filled up with has the proportions of the whole.
func TestChooseKeepsProportions(t *testing.T) {
	var records []*traffic.Record
	for i := range 4000 {
		path := "/often"
		if i%10 == 3 {
			path = "/seldom"
		}
		records = append(records, request(i, "- GET "+path+" 200"))
	}
	_, c := chosen(t, set(t, records), Options{Budget: 1000, Seed: 5})
	if c.Kept != 1000 || c.Kinds[1].Kept < 70 || c.Kinds[1].Kept > 130 {
		t.Errorf("of 10%% there are %d of %d", c.Kinds[1].Kept, c.Kept)
	}
	_, c = chosen(t, set(t, records), Options{Sample: 0.25, Seed: 5})
	if c.Kept < 900 || c.Kept > 1100 {
		t.Errorf("a quarter of 4000 are %d", c.Kept)
	}
}

// Outbound calls come along with the requests that made them, by name or by time.
func TestChooseFollowsCalls(t *testing.T) {
	var records []*traffic.Record
	call := func(id string, at time.Time, parent string) {
		records = append(records, &traffic.Record{
			ID: id, Time: at, Direction: traffic.Outbound, Service: "pay", Parent: parent, Protocol: traffic.HTTP,
			Request: &traffic.Request{Method: "GET", URL: "/p"}, Response: &traffic.Response{Status: 200},
		})
	}
	a, b := request(0, "a GET /x 200"), request(1, "b GET /x 200")
	records = append(records, a, b)
	call("named-a", b.Time.Add(1), "r0")
	call("named-b", b.Time.Add(2), "r1")
	call("during-a", a.Time.Add(5000), "")
	call("during-b", b.Time.Add(5000), "")
	call("between", b.Time.Add(-5*time.Millisecond), "")
	call("of-what-is-gone", a.Time.Add(6000), "gone")
	ids, c := chosen(t, set(t, records), Options{Session: "a"})
	want := []string{"r0", "named-a", "during-a", "between", "of-what-is-gone"}
	if diff := cmp.Diff(want, ids); diff != "" || c.KeptOutbound != 4 || c.Outbound != 6 || c.Untied != 3 {
		t.Errorf("%+v, chosen (-want +got):\n%s", c.Report, diff)
	}
}

// Where there is nothing inbound the calls themselves are chosen.
func TestChooseOfCallsAlone(t *testing.T) {
	var records []*traffic.Record
	for i := range 100 {
		r := request(i, fmt.Sprintf("- GET /p%d 200", i%5))
		r.Direction, r.Service = traffic.Outbound, "pay"
		records = append(records, r)
	}
	_, c := chosen(t, set(t, records), Options{Budget: 10})
	if c.Kept != 10 || c.Endpoints != (Coverage{5, 5}) || c.Kinds[0].Endpoint != "pay GET /p0" {
		t.Errorf("got %+v", c.Report)
	}
}

// Copies of records in another file are not chosen a second time.
func TestChooseDropsCopies(t *testing.T) {
	var one, two []*traffic.Record
	for i := range 20 {
		one = append(one, request(i, "- GET /x 200"))
		copied := request(i, "- GET /x 200")
		copied.ID = fmt.Sprintf("other%d", i)
		two = append(two, copied)
	}
	ids, c := chosen(t, set(t, one, two), Options{})
	if len(ids) != 20 || c.Duplicates != 20 || c.Records != 20 {
		t.Errorf("%d are chosen, %+v", len(ids), c.Report)
	}
}

// A session that is longer than the whole budget gives its beginning, up to what is new.
func TestChooseCutsWhatIsTooLong(t *testing.T) {
	var records []*traffic.Record
	for i := range 50 {
		path := "/a"
		if i >= 7 {
			path = "/b"
		}
		records = append(records, request(i, "only GET "+path+" 200"))
	}
	ids, c := chosen(t, set(t, records), Options{Budget: 10})
	if len(ids) != 8 || c.Cut != 1 || c.Endpoints.Kept != 2 {
		t.Errorf("chosen are %v, %+v", ids, c.Report)
	}
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		options Options
		want    string
	}{
		"budget":   {Options{Budget: -1}, "budget is -1"},
		"status":   {Options{Statuses: []string{"ok"}}, `status is "ok": expected one such as 404 or 5xx`},
		"status 9": {Options{Statuses: []string{"9xx"}}, `status is "9xx"`},
		"endpoint": {Options{Endpoints: []string{"orders"}}, `endpoint is "orders"`},
		"sample":   {Options{Sample: 2}, "sample is 200%"},
		"times":    {Options{Since: time.Unix(2, 0), Until: time.Unix(1, 0)}, "is not before until"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.options.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
