package verify_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/recording"
)

func mixed() []*traffic.Record {
	records := many(4)
	records[1].Request.URL = "/y/1"
	records[2].Request.URL = "/y/2"
	records[3].Direction = traffic.Outbound
	return records
}

func TestSelection(t *testing.T) {
	cases := map[string]struct {
		sel  string
		want []string
	}{
		"all":   {"{}", []string{"000", "001", "002"}},
		"where": {`{where: 'request.path != "/x"'}`, []string{"001", "002"}},
		"limit": {"{limit: 1}", []string{"000"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			plan, registry, ds := load(t, capture(t, mixed()...), "traffic: {select: "+c.sel+"}\nreplay: {traffic: .}\n")
			if ds.Err() != nil {
				t.Fatal(ds)
			}
			var got []string
			err := plan.Each(func(_ string, r *traffic.Record) error {
				got = append(got, r.ID)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if plan.Inbound != 3 || plan.Sessions == "" {
				t.Errorf("%d inbound, sessions %q", plan.Inbound, plan.Sessions)
			}
			if len(registry.Subjects("endpoint")) != len(plan.Endpoints()) {
				t.Errorf("endpoints %v, subjects %v", plan.Endpoints(), registry.Subjects("endpoint"))
			}
		})
	}
}

func TestEndpointsByFrequency(t *testing.T) {
	plan, _, ds := load(t, capture(t, mixed()...), "replay: {traffic: {sources: [.]}}\n")
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	want := []recording.EndpointCount{{Endpoint: "GET /y/{id}", Requests: 2}, {Endpoint: "GET /x", Requests: 1}}
	if diff := cmp.Diff(want, plan.Endpoints()); diff != "" {
		t.Error(diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	broken := exchange("1", "/x", 200, "{}")
	cases := map[string]struct {
		file, want string
	}{
		"no traffic":         {"replay: {target: x}\n", "traffic"},
		"nowhere":            {"replay: {traffic: none}\n", "none"},
		"unknown key":        {"replay: {traffic: ., speed: 3}\n", "speed"},
		"a transform's form": {"traffic: {transforms: [{time: now}]}\nreplay: {traffic: .}\n", "such as shift"},
		"a transform's file": {
			"traffic: {transforms: [{ids: {map: ids.csv}}]}\nreplay: {traffic: .}\n", "ids.csv",
		},
		"a transform that cannot be done": {
			"traffic: {transforms: [{replace: {regexp: /x, with: ' '}}]}\nreplay: {traffic: .}\n",
			"traffic.transforms: record 1: replace: the URL",
		},
		"nothing selected": {"traffic: {select: {where: 'false'}}\nreplay: {traffic: .}\n", "leaves none of 1 inbound"},
		"where":            {"traffic: {select: {where: 'request.colour == 1'}}\nreplay: {traffic: .}\n", "colour"},
		"two session keys": {"traffic: {session: {header: A, cookie: B}}\nreplay: {traffic: .}\n", "more than one key"},
		"unwatched cutoff": {
			"replay: {traffic: ., cutoffs: {rules: {throughput: '< 5/s'}}}\n",
			"throughput is not watched while the replay goes on",
		},
		"unknown cutoff": {"replay: {traffic: ., cutoffs: {rules: {eror_rate: '> 0.5'}}}\n", "eror_rate"},
		"comparison":     {"replay: {traffic: ., compare: {match: {'$.a': {regex: '('}}}}\n", "("},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, ds := load(t, capture(t, broken), c.file)
			if ds.Err() == nil || !strings.Contains(ds.Error(), c.want) {
				t.Errorf("findings: %v", ds)
			}
		})
	}
}

func TestLoadTellsWhatIsNotUnique(t *testing.T) {
	again := exchange("1", "/x", 200, "{}")
	other := exchange("1", "/y", 200, "{}")
	plan, _, ds := load(t, capture(t, again, again, other), "replay: {traffic: .}\n")
	if ds.Err() != nil || plan.Len() != 2 {
		t.Fatalf("findings: %v", ds)
	}
	for _, want := range []string{"1 records came up again", "1 records have the id of another one"} {
		if !strings.Contains(ds.Error(), want) {
			t.Errorf("no warning %q in %v", want, ds)
		}
	}
}

func TestLoadWithoutReplay(t *testing.T) {
	if plan, _, ds := load(t, t.TempDir(), "traffic: {select: {limit: 1}}\n"); plan != nil || ds.Err() != nil {
		t.Errorf("plan %v, findings %v", plan, ds)
	}
}

func TestOutboundTrafficAloneIsNothingToReplay(t *testing.T) {
	r := exchange("1", "/x", 200, "{}")
	r.Direction = traffic.Outbound
	_, _, ds := load(t, capture(t, r), "replay: {traffic: .}\n")
	if ds.Err() == nil || !strings.Contains(ds.Error(), "none of the 1 records in . is inbound") {
		t.Errorf("findings: %v", ds)
	}
}
