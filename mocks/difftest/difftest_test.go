package difftest_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/difftest"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/mocks/wiremock"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/servicestest"
)

// The environment can ask for more than the default, which takes some seconds.
const (
	jarVariable   = "HEADGATE_WIREMOCK_JAR" // the jar of the real WireMock; .ci/wiremock prints its path
	casesVariable = "HEADGATE_DIFF_CASES"   // how many cases are generated, 150 by default
	seedVariable  = "HEADGATE_DIFF_SEED"    // where the generator starts, 1 by default
	version       = "3.13.2"
)

// fromJar starts WireMock's jar, or skips the test.
func fromJar(t *testing.T) *difftest.WireMock {
	t.Helper()
	jar := os.Getenv(jarVariable)
	if jar == "" {
		t.Skipf("%s does not name WireMock's jar; .ci/wiremock fetches it and prints its path", jarVariable)
	}
	java, err := difftest.StartWireMock(t.Context(), jar, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(java.Close)
	return java
}

// fromImage starts the container that a run file's engine: wiremock is served by, or skips the test.
func fromImage(t *testing.T) *difftest.WireMock {
	t.Helper()
	servicestest.Engine(t, "wiremock/wiremock:3.13.2")
	site, err := docker.Open(t.Context(), docker.Options{RunID: "difftest-" + uuid.NewString()[:8]})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := site.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	mock, err := wiremock.Provider{Driver: site}.Start(t.Context(), &mocks.Plan{Name: "difftest"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := mock.Close(); err != nil {
			t.Error(err)
		}
	})
	return difftest.Attach(strings.TrimPrefix(mock.URL(), "http://"))
}

// pairWith sets the embedded engine beside the real WireMock.
func pairWith(t *testing.T, java *difftest.WireMock) difftest.Pair {
	t.Helper()
	if v, err := java.Version(t.Context()); err != nil || v != version {
		t.Fatalf("WireMock says it is %q (%v), want %s", v, err, version)
	}
	ours := &difftest.Served{Provider: embedded.Provider{Proxy: true}, Dir: filepath.Join(t.TempDir(), "stubs")}
	t.Cleanup(func() {
		if err := ours.Close(); err != nil {
			t.Error(err)
		}
	})
	return difftest.Pair{Java: java, Ours: ours}
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv(variable), strconv.Itoa(otherwise)))
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

func generator(t *testing.T) *difftest.Generator {
	t.Helper()
	seed := uint64(number(t, seedVariable, 1)) //nolint:gosec // any number will do
	return &difftest.Generator{Rand: rand.New(rand.NewPCG(seed, 0)), Now: time.Now().UTC()}
}

// TestAgainstWireMock compares over generated mappings and over those of other projects, with one Java
// process.
func TestAgainstWireMock(t *testing.T) {
	pair := pairWith(t, fromJar(t))
	t.Run("generated", func(t *testing.T) { compare(t, pair, generated(t, 150)) })
	t.Run("real", func(t *testing.T) {
		data := os.Getenv("HEADGATE_REALDATA")
		if data == "" {
			t.Skip("HEADGATE_REALDATA does not name the folder of real data")
		}
		upstream := httptest.NewServer(http.HandlerFunc(echo))
		t.Cleanup(upstream.Close)
		cases, err := generator(t).Folder(filepath.Join(data, "stubs"), upstream.URL)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, pair, cases)
	})
}

// TestAgainstContainer compares with WireMock as a run starts it: fewer cases, as they are the same.
func TestAgainstContainer(t *testing.T) {
	compare(t, pairWith(t, fromImage(t)), generated(t, 40))
}

func generated(t *testing.T, otherwise int) []*difftest.Case {
	t.Helper()
	g := generator(t)
	var cases []*difftest.Case
	for i := range number(t, casesVariable, otherwise) {
		cases = append(cases, g.Case(fmt.Sprintf("generated %d", i)))
	}
	return cases
}

// echo stands for every server that a real mapping proxies to or calls.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set(difftest.UpstreamHeader, "1")
	fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
}

// compare runs all cases and fails for what the engines answer differently, each kind once, shrunk.
func compare(t *testing.T, pair difftest.Pair, cases []*difftest.Case) {
	t.Helper()
	var all difftest.Figures
	for _, c := range cases {
		f, err := pair.Run(t.Context(), c)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		all.Add(f)
	}
	t.Logf("mappings: %d compared, %d refused by ours only, %d by both",
		all.Loaded, sum(all.Refused), sum(all.Invalid))
	t.Logf("requests: %d compared, %d matched a stub, %d answered alike", all.Requests, all.Matched, all.Agreed)
	logReasons(t, "refused by ours", all.Refused)
	logReasons(t, "refused by both", all.Invalid)
	if all.Requests == 0 {
		t.Error("nothing was compared")
	}
	left, meant := unexplained(all.Disagreements)
	for why, group := range meant {
		d := group[0]
		t.Logf("known difference, %d: %s (first: %s, %s)", len(group), why, d.Case.Name, &d.Case.Requests[d.At])
	}
	report(t, pair, left)
}

// place is where a mapping stands, which does not belong to the reason.
var place = regexp.MustCompile(`(?s)^refused: |\S*case\.json: mapping "[^"]*": |422 \{.*"detail" : `)

// logReasons counts refusals by their first reason.
func logReasons(t *testing.T, what string, refused map[string]int) {
	t.Helper()
	reasons := map[string]int{}
	for why, n := range refused {
		first, _, _ := strings.Cut(place.ReplaceAllString(why, ""), "\n")
		reasons[first] += n
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		t.Logf("%s, %d: %s", what, reasons[why], why)
	}
}

func sum(counts map[string]int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

// report shrinks the disagreements of each case, one for each place, and prints those that are not yet
// printed.
func report(t *testing.T, pair difftest.Pair, all []*difftest.Disagreement) {
	t.Helper()
	const most = 25
	seen, printed := map[string]bool{}, map[string]bool{}
	for _, d := range all {
		key := d.Case.Name + "\x00" + d.Where
		if seen[key] || len(printed) == most {
			continue
		}
		seen[key] = true
		small := pair.Shrink(t.Context(), d, 200)
		if shape := small.Shape(); !printed[shape] {
			printed[shape] = true
			t.Errorf("%s", small)
		}
	}
	if len(all) > 0 {
		t.Errorf("%d requests were answered differently", len(all))
	}
}
