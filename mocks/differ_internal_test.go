package mocks

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// Numbers are shown as they were recorded, and compared by value.
func TestDifferenceShowsRecordedNumbers(t *testing.T) {
	req := &traffic.Request{Method: "POST", URL: "/pay", Body: []byte(`{"amount":406.97,"rate":1.50}`)}
	recording, err := FromTraffic([]*traffic.Record{{
		Protocol: traffic.HTTP, Request: req, Response: &traffic.Response{Status: 200},
	}}, DefaultMatch())
	if err != nil {
		t.Fatal(err)
	}
	sent := &traffic.Request{Method: "POST", URL: "/pay", Body: []byte(`{"amount":400,"rate":1.5}`)}
	_, got := recording.Stubs[0].Compare(NewRequest(sent))
	want := []Difference{{Where: "$.amount", Expected: "406.97", Actual: "400"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
