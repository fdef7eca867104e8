package verify_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// Traffic that cannot be read back is told, and its requests are accounted for all the same.
func TestTrafficThatIsGone(t *testing.T) {
	plan, registry, ds := load(t, capture(t, many(5)...), simple)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	s := &stage{metrics: registry}
	s.Trial = start(t, plan, s.env("http://127.0.0.1:1"))
	if err := plan.Close(); err != nil {
		t.Fatal(err)
	}
	var unread *verify.ReadError
	if err := s.Rest(t.Context()); !errors.As(err, &unread) {
		t.Errorf("got %v", err)
	}
	s.Abandon()
	if diff := cmp.Diff(map[replay.Bucket]int{replay.Aborted: 5}, s.counts()); diff != "" {
		t.Errorf("accounting (-want +got):\n%s", diff)
	}
}
