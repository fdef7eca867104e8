package junit_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/reporters/junit"
	"github.com/headgate-dev/headgate/reporters/reportertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func samples() map[string]*engine.Report {
	return map[string]*engine.Report{
		"passed": reportertest.Passed(), "failed": reportertest.Failed(), "faulted": reportertest.Faulted(),
		"empty": {},
	}
}

func TestGolden(t *testing.T) {
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var r engine.Reporter = junit.New(dir)
			r.Event(engine.Event{Kind: engine.RunStarted})
			if err := r.Finish(rep); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, junit.File))
			if err != nil {
				t.Fatal(err)
			}
			reportertest.Golden(t, *update, name, got)
		})
	}
}

// element is any element of the document.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e element) all(name string) (found []element) {
	if e.XMLName.Local == name {
		found = append(found, e)
	}
	for _, c := range e.Children {
		found = append(found, c.all(name)...)
	}
	return found
}

func write(t *testing.T, rep *engine.Report) element {
	t.Helper()
	var out bytes.Buffer
	if err := junit.Write(&out, rep); err != nil {
		t.Fatal(err)
	}
	var root element
	if err := xml.Unmarshal(out.Bytes(), &root); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	checkStructure(t, root)
	return root
}

// checkStructure asserts what every consumer relies on.
func checkStructure(t *testing.T, root element) {
	t.Helper()
	if root.XMLName.Local != "testsuites" {
		t.Fatalf("root is %s", root.XMLName.Local)
	}
	checkCounts(t, root, "tests", "failures", "errors")
	seen := map[string]bool{}
	for _, s := range root.all("testsuite") {
		checkCounts(t, s, "tests", "failures", "errors", "skipped")
		if s.attr("name") == "" {
			t.Error("a suite has no name")
		}
		checkTime(t, s)
	}
	for _, c := range root.all("testcase") {
		checkTime(t, c)
		key := c.attr("classname") + "\x00" + c.attr("name")
		if c.attr("classname") == "" || c.attr("name") == "" || seen[key] {
			t.Errorf("class %q and name %q are empty or there twice", c.attr("classname"), c.attr("name"))
		}
		seen[key] = true
	}
}

func checkCounts(t *testing.T, e element, names ...string) {
	t.Helper()
	of := map[string]string{"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
	for _, name := range names {
		if got, want := e.attr(name), strconv.Itoa(len(e.all(of[name]))); got != want {
			t.Errorf("%s %q: %s is %q; want %s", e.XMLName.Local, e.attr("name"), name, got, want)
		}
	}
}

func checkTime(t *testing.T, e element) {
	t.Helper()
	var whole, fraction int
	if n, err := fmt.Sscanf(e.attr("time"), "%d.%03d", &whole, &fraction); n != 2 || err != nil {
		t.Errorf("%s %q: time is %q", e.XMLName.Local, e.attr("name"), e.attr("time"))
	}
}

// outcome says in a word and its message how a test case ended.
func outcome(t *testing.T, root element, name string) string {
	t.Helper()
	for _, c := range root.all("testcase") {
		if c.attr("name") != name {
			continue
		}
		if len(c.Children) == 0 {
			return "passed"
		}
		child := c.Children[0]
		if child.XMLName.Local == "system-out" {
			return "out: " + child.Text
		}
		kind, message := child.attr("type"), child.attr("message")
		return fmt.Sprintf("%s %s: %s\n%s", child.XMLName.Local, kind, message, child.Text)
	}
	return "no such test case"
}

func TestOutcomes(t *testing.T) {
	half, whole := 0.5, 1.0
	noFamily := func(g *gates.Result) { g.Family, g.Outcome = "", gates.Failed }
	again := func(g *gates.Result) { g.Name = "self_check" }
	gate := func(change func(*gates.Result)) *engine.Report {
		rep := reportertest.Passed()
		rep.Verdict = engine.Failed
		g := rep.Gates[0]
		g.Name = "x"
		change(&g)
		rep.Gates = append(rep.Gates, g)
		return rep
	}
	end := func(s gates.Severity, o gates.Outcome) *engine.Report {
		return gate(func(g *gates.Result) { g.Severity, g.Outcome, g.Reason = s, o, gates.NoData })
	}
	endpoint := func(v engine.Verdict, status, response *float64) *engine.Report {
		rep := reportertest.Passed()
		rep.Verdict = v
		rep.Endpoints = []engine.EndpointReport{
			{Endpoint: "x", StatusPassRate: status, ResponseMatchRate: response},
		}
		return rep
	}
	tests := map[string]struct {
		rep  *engine.Report
		want string
	}{
		"passed":               {end(gates.Enforce, gates.Passed), "passed"},
		"failed":               {end(gates.Enforce, gates.Failed), "failure mock: payment-api.x: measured 1"},
		"inconclusive":         {end(gates.Enforce, gates.Inconclusive), "error no_data: payment-api.x"},
		"errored":              {end(gates.Enforce, gates.Errored), "error no_data: payment-api.x"},
		"skipped":              {end(gates.Enforce, gates.Skipped), "skipped : "},
		"warned":               {end(gates.Warn, gates.Warned), "out: warning: payment-api.x"},
		"warns undecided":      {end(gates.Warn, gates.Inconclusive), "out: warning: payment-api.x"},
		"observed and failed":  {end(gates.Observe, gates.Failed), "skipped : observed only: failed: measured 1"},
		"observed and passed":  {end(gates.Observe, gates.Passed), "skipped : observed only: passed"},
		"no family":            {gate(noFamily), "failure threshold"},
		"same name twice":      {gate(again), "no such"},
		"endpoint right":       {endpoint(engine.Failed, &whole, &whole), "passed"},
		"endpoint status":      {endpoint(engine.Failed, &half, &whole), "failure endpoint: as recorded"},
		"endpoint body":        {endpoint(engine.Recording, &whole, &half), "failure endpoint"},
		"endpoint let through": {endpoint(engine.Passed, &half, &half), "out: as recorded"},
		"endpoint not sent":    {endpoint(engine.Failed, nil, nil), "skipped : nothing was compared"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := outcome(t, write(t, tt.rep), "x"); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %q; want it to start with %q", got, tt.want)
			}
		})
	}
	twice := write(t, gate(again))
	if got := outcome(t, twice, "self_check (2)"); got != "passed" {
		t.Errorf("the second gate of one name: %s", got)
	}
}

func TestFailureTellsEverything(t *testing.T) {
	root := write(t, reportertest.Failed())
	tests := map[string][]string{
		"status_pass_rate": {
			"measured: 0.9625", "limit:    0.99", "n:        320", "POST /orders $.total differs in 12 of 40",
		},
		"checkout-stays-correct": {`    endpoint("POST /orders").response_match_rate == 1 = false`, "curl -X POST"},
		"match_rate":             {"POST /payments (3x), nearest is payments-017, which differs in $.amount"},
		"latency_p95_delta":      {"baseline: 10ms", "1.12 to 1.31"},
		"POST /orders":           {"status 100 %, whole answer 70 %", "rec-017: recorded 41.5, got 41"},
	}
	for name, parts := range tests {
		t.Run(name, func(t *testing.T) {
			got := outcome(t, root, name)
			for _, part := range parts {
				if !strings.Contains(got, part) {
					t.Errorf("%q is not in\n%s", part, got)
				}
			}
		})
	}
}

func TestVerdictCase(t *testing.T) {
	undecided := func() *engine.Report {
		rep := reportertest.Passed()
		rep.Cause = "the cause"
		return rep
	}
	for _, v := range engine.Verdicts() {
		t.Run(v.String(), func(t *testing.T) {
			rep := undecided()
			rep.Verdict = v
			want := "error " + v.String() + ": the cause"
			if v == engine.Passed {
				want = "no such test case"
			}
			if got := outcome(t, write(t, rep), "verdict"); !strings.HasPrefix(got, want) {
				t.Errorf("got %q; want %q", got, want)
			}
		})
	}
	if got := outcome(t, write(t, reportertest.Failed()), "verdict"); got != "no such test case" {
		t.Errorf("the failed gates say it already, and there is %s", got)
	}
	got := outcome(t, write(t, reportertest.Faulted()), "verdict")
	for _, part := range []string{"hint: run it by hand", "no catalogue & no", "reproduce: headgate run"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not in\n%s", part, got)
		}
	}
}

func TestPlace(t *testing.T) {
	rep := reportertest.Passed()
	rep.Gates[0].Pos = spec.Pos{File: "default gates", Line: 2}
	rep.Gates[1].Pos = spec.Pos{File: rep.File, Line: 27}
	cases := write(t, rep).all("testcase")
	if got := cases[0].attr("file") + cases[0].attr("line"); got != "" {
		t.Errorf("a gate that is not in the run file stands at %s", got)
	}
	if got := cases[1].attr("file") + ":" + cases[1].attr("line"); got != rep.File+":27" {
		t.Errorf("the gate stands at %s", got)
	}
	if got := cases[0].attr("classname"); got != "orders-pre-merge.backends.payment-api" {
		t.Errorf("class is %s", got)
	}
}

func TestHostileText(t *testing.T) {
	rep := reportertest.Failed()
	rep.Pipeline = "a\x00b\x1b[31mc]]>"
	rep.Seconds = math.NaN()
	for i := range rep.Gates {
		rep.Gates[i].Detail = "\x1b[1mbold\x1b[0m \x07\uffff\xff " + strings.Repeat("\u00e9", 100_000)
		rep.Gates[i].Name = "same\x01"
	}
	for range 1000 {
		rep.Differences = append(rep.Differences, rep.Differences[0])
	}
	root := write(t, rep)
	if got := root.attr("name"); got != "abc]]>" {
		t.Errorf("name is %q", got)
	}
	const most = 64 << 10
	texts := append(append(root.all("failure"), root.all("system-out")...), root.all("error")...)
	for _, e := range texts {
		if len(e.Text) > most || len(e.attr("message")) > 1024 || !utf8.ValidString(e.Text) {
			t.Errorf("%s has %d bytes, its message %d", e.XMLName.Local, len(e.Text), len(e.attr("message")))
		}
		if strings.ContainsAny(e.Text, "\x1b\x07\ufffd\uffff") || strings.Contains(e.Text, "[1m") {
			t.Errorf("%s holds control characters: %.200q", e.XMLName.Local, e.Text)
		}
	}
	if len(texts) == 0 {
		t.Error("nothing was checked")
	}
}

const xsd = "junit-xsd/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd"

// TestSchema holds the documents against Jenkins' schema: elements, attributes, what is required, and
// what may stand where. file and line of a test case are beyond it on purpose.
func TestSchema(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA is not set")
	}
	path := filepath.Join(root, "standards", filepath.FromSlash(xsd))
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var schema element
	if err := xml.Unmarshal(src, &schema); err != nil {
		t.Fatal(err)
	}
	known := map[string]element{}
	for _, e := range schema.Children {
		if e.XMLName.Local == "element" {
			known[e.attr("name")] = e
		}
	}
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) { checkElement(t, known, write(t, rep)) })
	}
}

func checkElement(t *testing.T, known map[string]element, e element) {
	t.Helper()
	name := e.XMLName.Local
	declared, ok := known[name]
	if !ok {
		t.Fatalf("the schema has no element %s", name)
	}
	allowed := map[string]bool{"testcase file": true, "testcase line": true}
	for _, a := range declared.all("attribute") {
		allowed[name+" "+a.attr("name")] = true
		if a.attr("use") == "required" && e.attr(a.attr("name")) == "" && a.attr("name") != "value" {
			t.Errorf("%s lacks its attribute %s", name, a.attr("name"))
		}
	}
	for _, a := range e.Attrs {
		if !allowed[name+" "+a.Name.Local] {
			t.Errorf("%s may have no attribute %s", name, a.Name.Local)
		}
	}
	inside := map[string]bool{}
	for _, c := range declared.all("element") {
		inside[c.attr("ref")] = true
	}
	for _, c := range e.Children {
		if !inside[c.XMLName.Local] {
			t.Errorf("%s may not stand in %s", c.XMLName.Local, name)
		}
		checkElement(t, known, c)
	}
}
