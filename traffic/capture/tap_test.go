package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

func TestProxyRedacts(t *testing.T) {
	b := newBench(t, echo, func(o *Options) {
		o.Redact = redaction(t, "query:token", "json:pin", "json:$.gone")
	})
	req := newRequest(t, http.MethodPost, b.url+"/x?token=abc", strings.NewReader(`{"pin":1234,"user":"u"}`))
	req.Header.Set("Content-Type", "application/json")
	res, body := b.do(t, req)
	if body != `{"pin":1234,"user":"u"}` || res.Header.Get("X-Seen-Uri") != "/x?token=abc" {
		t.Errorf("what passes was changed: %s %v", body, res.Header)
	}
	got := b.only(t)
	if got.Request.URL != "/x?token=REDACTED" || string(got.Request.Body) != `{"pin":0,"user":"u"}` ||
		string(got.Response.Body) != `{"pin":0,"user":"u"}` || got.Request.Header.Get("Content-Length") != "20" {
		t.Errorf("recorded %s %s %s", got.Request.URL, got.Request.Body, got.Response.Body)
	}
}

func TestProxyLeavesOutWhatItCannotRedact(t *testing.T) {
	b := newBench(t, echo, func(o *Options) { o.Redact = redaction(t, "json:pin") })
	req := newRequest(t, http.MethodPost, b.url+"/x", strings.NewReader(`{"pin":1234`))
	req.Header.Set("Content-Type", "application/json")
	b.do(t, req)
	got := b.only(t)
	if got.Request.Body != nil || got.Request.Header.Get(TruncatedHeader) != "11" {
		t.Errorf("recorded %q, header %v", got.Request.Body, got.Request.Header)
	}
	if n := b.tracker.Health().Truncated; got.Response.Body != nil || n != 2 { // it is echoed as plain text
		t.Errorf("recorded %q, %d bodies are missing", got.Response.Body, n)
	}
}

func TestSamplingFollowsTheInboundRequest(t *testing.T) {
	sampler := func(share float64) Sampler {
		s, err := NewSampler(share)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	all, none := Sampler{}, sampler(0)
	inbound := func(at Sampler, trace string) arrival {
		return arrival{direction: traffic.Inbound, sample: at, header: http.Header{"X-Request-Id": {trace}}}
	}
	outbound := func(at Sampler, trace string) arrival {
		a := inbound(at, trace)
		a.direction = traffic.Outbound
		return a
	}
	cases := map[string]struct {
		flying []arrival
		call   arrival
		taken  bool
		parent bool
		want   Health
	}{
		"of a sampled one": {
			[]arrival{inbound(all, "a"), inbound(none, "b")},
			outbound(none, "a"), true, true,
			Health{Unsampled: 1},
		},
		"of an unsampled one": {
			[]arrival{inbound(all, "a"), inbound(none, "b")},
			outbound(all, "b"), false, true,
			Health{Unsampled: 2},
		},
		"of one of two": {
			[]arrival{inbound(all, "a"), inbound(none, "b")},
			outbound(none, "c"), true, false,
			Health{Unsampled: 1, Ambiguous: 1},
		},
		"of unsampled ones": {
			[]arrival{inbound(none, "a"), inbound(none, "b")},
			outbound(all, "c"), false, false,
			Health{Unsampled: 3},
		},
		"of none, sampled":   {nil, outbound(all, "c"), true, false, Health{Unprompted: 1}},
		"of none, unsampled": {nil, outbound(none, "c"), false, false, Health{Unsampled: 1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tracker := NewTracker()
			for _, a := range c.flying {
				tracker.begin(a)
			}
			from := tracker.begin(c.call)
			if from.taken != c.taken || (from.parent != "") != c.parent {
				t.Errorf("got %+v", from)
			}
			if diff := cmp.Diff(c.want, tracker.Health()); diff != "" {
				t.Errorf("health (-want +got):\n%s", diff)
			}
		})
	}
}

func TestProxyPassesWhatIsNotSampled(t *testing.T) {
	none, err := NewSampler(0)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, echo, func(o *Options) { o.Sample = none })
	for range 3 {
		if _, body := b.do(t, newRequest(t, http.MethodPost, b.url+"/", strings.NewReader("x"))); body != "x" {
			t.Errorf("got %q", body)
		}
	}
	b.finish()
	if diff := cmp.Diff(Health{Unsampled: 3}, b.tracker.Health()); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
	if len(b.sink.all())+len(b.tracker.flying) != 0 || b.tracker.copies.used.Load() != 0 {
		t.Errorf("%d records, %d in flight", len(b.sink.all()), len(b.tracker.flying))
	}
}

// TestCopiesAreBounded has all of the budget taken: what passes is not copied.
func TestCopiesAreBounded(t *testing.T) {
	b := newBench(t, echo, nil)
	b.tracker.copies.claim(maxCopies)
	b.do(t, newRequest(t, http.MethodPost, b.url+"/", strings.NewReader("x")))
	b.tracker.copies.release(maxCopies)
	b.do(t, newRequest(t, http.MethodPost, b.url+"/", strings.NewReader("y")))
	b.finish()
	all := b.sink.all()
	if len(all) != 2 || all[0].Request.Body != nil || string(all[1].Request.Body) != "y" {
		t.Errorf("recorded %d", len(all))
	}
	if n := b.tracker.copies.used.Load(); n != 0 || b.tracker.Health().Truncated != 2 {
		t.Errorf("%d bytes are still claimed, health %+v", n, b.tracker.Health())
	}
}

func TestStatements(t *testing.T) {
	tracker, sink := NewTracker(), &memory{}
	none, err := NewSampler(0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStatements(Tap{Name: "db", Sink: sink, Tracker: tracker, Sample: none})
	if err != nil {
		t.Fatal(err)
	}
	put := func() (parent string) {
		id, parent := s.Begin(time.Unix(1, 0))
		if !s.Put(&traffic.Record{ID: id, Parent: parent, Direction: traffic.Outbound, Time: time.Unix(1, 0)}) {
			t.Error("a record was not taken")
		}
		return parent
	}
	put()
	cause := tracker.begin(arrival{direction: traffic.Inbound})
	if parent := put(); parent != cause.id {
		t.Errorf("caused by %q, want %q", parent, cause.id)
	}
	tracker.Lost(2, "no server", map[string]int64{"cancelled statements": 3})
	want := Health{
		Outbound: 1, Unsampled: 1, Failed: 2, LastFailure: "no server", LeftOut: map[string]int64{"cancelled statements": 3},
		First: time.Unix(1, 0), Last: time.Unix(1, 0),
	}
	if diff := cmp.Diff(want, tracker.Health()); diff != "" || len(sink.all()) != 1 {
		t.Errorf("%d records, health (-want +got):\n%s", len(sink.all()), diff)
	}
	if _, err := NewStatements(Tap{}); err == nil {
		t.Error("a tap without a sink was accepted")
	}
}

func TestReport(t *testing.T) {
	tracker := NewTracker()
	for i := range maxHosts + 10 {
		tracker.tunnelled(fmt.Sprintf("host-%d", i), "no HTTP")
	}
	tracker.count(func(h *Health) { h.Dropped, h.Truncated, h.Upgraded, h.Ambiguous = 1, 2, 3, 4 })
	tracker.failed(errors.New("connection refused"))
	h := tracker.Health()
	if len(h.Tunnels) != maxHosts+1 || h.Tunnels[otherHosts]["no HTTP"] != 10 {
		t.Errorf("%d hosts", len(h.Tunnels))
	}
	h.Tunnels = map[string]map[string]int64{"a.example": {"no HTTP": 2}}
	h.LeftOut = map[string]int64{"cancelled statements": 1}
	want := Report{
		Health: h, Version: "1.0", Written: time.Unix(60, 0).UTC(),
		Settings: Settings{Share: 0.1, MaxBody: 100, Redact: []string{"query:token"}},
	}
	path := filepath.Join(t.TempDir(), ReportFile)
	for range 2 {
		if err := want.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadReport(path)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, report (-want +got):\n%s", err, diff)
	}
	lines := []string{
		"1 records were dropped: the disk could not keep up",
		"2 bodies are missing: too large, not sent to their end, or not readable for redaction",
		"3 connections were upgraded and not recorded",
		"1 requests had no answer and were not recorded; the last: connection refused",
		"4 outbound calls could not be tied to one inbound request",
		"2 connections to a.example were passed through unrecorded: no HTTP",
		"1 cancelled statements",
		"the recording goes on, or its end is missing: the last count is of 1970-01-01T00:01:00Z",
	}
	if diff := cmp.Diff(lines, got.Losses()); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
	if _, err := ReadReport(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	if _, err := ParseReport(strings.NewReader(`{"request": {}}`)); err == nil {
		t.Error("other JSON is taken for a health record")
	}
}

// TestProxyDoesNotBelieveMarks has a client that says that its body was left out.
func TestProxyDoesNotBelieveMarks(t *testing.T) {
	b := newBench(t, echo, nil)
	req := newRequest(t, http.MethodPost, b.url+"/x", strings.NewReader("x"))
	req.Header.Set(TruncatedHeader, "1")
	b.do(t, req)
	if got := b.only(t); got.Request.Header.Get(TruncatedHeader) != "" || string(got.Request.Body) != "x" {
		t.Errorf("recorded %q, header %v", got.Request.Body, got.Request.Header)
	}
}
