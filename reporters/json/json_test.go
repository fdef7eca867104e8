package json_test

import (
	"bytes"
	stdjson "encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/reporters/json"
	"github.com/headgate-dev/headgate/reporters/reportertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func samples() map[string]*engine.Report {
	return map[string]*engine.Report{
		"passed": reportertest.Passed(), "failed": reportertest.Failed(), "faulted": reportertest.Faulted(),
	}
}

func TestGolden(t *testing.T) {
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var r engine.Reporter = json.New(dir)
			r.Event(engine.Event{Kind: engine.RunStarted})
			if err := r.Finish(rep); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, json.File))
			if err != nil {
				t.Fatal(err)
			}
			reportertest.Golden(t, *update, name, got)
		})
	}
}

// ignored is what the file does not carry.
func ignored() cmp.Options {
	return cmp.Options{
		cmpopts.EquateEmpty(), cmpopts.EquateApprox(1e-12, 0),
		cmpopts.IgnoreFields(engine.Report{}, "Snapshot"), cmpopts.IgnoreFields(gates.Result{}, "Pos"),
	}
}

func TestReadGivesBackWhatWasWritten(t *testing.T) {
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := json.New(dir).Finish(rep); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{dir, filepath.Join(dir, json.File)} {
				back, err := json.Read(path)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(rep, back, ignored()); diff != "" {
					t.Errorf("read from %s (-written +read):\n%s", path, diff)
				}
			}
		})
	}
}

func TestSameAsStandard(t *testing.T) {
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) {
			var ours bytes.Buffer
			if err := json.Write(&ours, rep); err != nil {
				t.Fatal(err)
			}
			standard, err := stdjson.Marshal(rep)
			if err != nil {
				t.Fatal(err)
			}
			var got, want engine.Report
			for into, src := range map[*engine.Report][]byte{&got: ours.Bytes(), &want: standard} {
				if err := stdjson.Unmarshal(src, into); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, got, ignored()); diff != "" {
				t.Errorf("-encoding/json +Write:\n%s", diff)
			}
		})
	}
}

func TestNoNullsAndNoOddNumbers(t *testing.T) {
	tests := map[string]struct {
		change  func(*engine.Report)
		present []string
		absent  []string
	}{
		"empty report": {
			change:  func(r *engine.Report) { *r = engine.Report{} },
			present: []string{`"phases": []`, `"gates": []`, `"fingerprint": {}`, `"artifacts": []`, `"mocks": []`},
			absent:  []string{"null", "hint", "details"},
		},
		"nil samples": {
			change:  func(r *engine.Report) { r.Differences = []engine.DifferenceReport{{Path: "a"}} },
			present: []string{`"samples": []`}, absent: []string{"null"},
		},
		"gate without a number": {
			change: func(r *engine.Report) {
				nan, inf := math.NaN(), math.Inf(1)
				r.Gates = []gates.Result{{Value: &nan, Limit: &inf, Interval: &[2]float64{1, math.Inf(-1)}}}
			},
			absent: []string{"null", `"value"`, `"limit"`, `"interval"`, "NaN", "Inf"},
		},
		"plain number": {
			change: func(r *engine.Report) {
				r.Seconds = math.Inf(1)
				r.Endpoints = []engine.EndpointReport{{Latency: engine.LatencyReport{P50: math.NaN(), P95: 0.1 + 0.2}}}
			},
			present: []string{`"seconds": null`, `"p50": null`, `"p95": 0.3,`, `"p99": 0`},
		},
		"text as it is": {
			change:  func(r *engine.Report) { r.Cause = "a <b> & \"c\" >= 1\u2028" },
			present: []string{`a <b> & \"c\" >= 1`},
		},
		"small and large": {
			change: func(r *engine.Report) {
				r.Services = []engine.ServiceReport{{CPUSeconds: 1e-9, ReadySeconds: 1e22, StartupSeconds: 1234567.5}}
			},
			present: []string{"1e-09", "1e+22", "1234567.5"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			rep := reportertest.Passed()
			rep.Endpoints, rep.Gates, rep.Services = nil, nil, nil
			tt.change(rep)
			var out bytes.Buffer
			if err := json.Write(&out, rep); err != nil {
				t.Fatal(err)
			}
			if !stdjson.Valid(out.Bytes()) {
				t.Fatalf("not JSON:\n%s", out.String())
			}
			for _, part := range tt.present {
				if !strings.Contains(out.String(), part) {
					t.Errorf("%s is not in\n%s", part, out.String())
				}
			}
			for _, part := range tt.absent {
				if strings.Contains(out.String(), part) {
					t.Errorf("%s is in\n%s", part, out.String())
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	var whole bytes.Buffer
	if err := json.Write(&whole, reportertest.Passed()); err != nil {
		t.Fatal(err)
	}
	swap := func(old, replacement string) string {
		if !strings.Contains(whole.String(), old) {
			t.Fatalf("%s is not in the sample", old)
		}
		return strings.Replace(whole.String(), old, replacement, 1)
	}
	tests := map[string]struct{ src, want string }{
		"empty":             {"", "not a report"},
		"no object":         {"[]", "not a report"},
		"cut":               {whole.String()[:whole.Len()/2], "not a report"},
		"more after it":     {whole.String() + "{}", "something follows"},
		"no schema":         {`{"run_id":"x"}`, "as schema"},
		"newer schema":      {swap(`"schema": 1`, `"schema": 2`), "schema is 2 and this version reads 1"},
		"no verdict":        {swap(`"verdict"`, `"verdikt"`), "verdict missing"},
		"null verdict":      {swap(`"verdict": "passed"`, `"verdict": null`), "verdict missing"},
		"unknown verdict":   {swap(`"verdict": "passed"`, `"verdict": "green"`), `unknown verdict "green"`},
		"other exit code":   {swap(`"exit_code": 0`, `"exit_code": 1`), "the verdict passed has 0"},
		"accounting is off": {swap(`"planned": 320`, `"planned": 321`), "adds up to 320"},
		"no run id":         {swap(`"20261101-083000-7f3a"`, `""`), "run_id is empty"},
		"wrong type":        {swap(`"seconds": 12.345`, `"seconds": "12"`), "seconds"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := json.Parse([]byte(tt.src))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want one with %q", err, tt.want)
			}
		})
	}
	if _, err := json.Parse([]byte(swap("{\n", `{"later": [1],`))); err != nil {
		t.Errorf("a key of a later version was refused: %v", err)
	}
}

func TestReadWhereNothingIs(t *testing.T) {
	if _, err := json.Read(filepath.Join(t.TempDir(), "x.json")); err == nil {
		t.Error("a file that is not there was read")
	}
}

// FuzzParse starts from small reports: large ones would slow it down and bring nothing new.
func FuzzParse(f *testing.F) {
	one := engine.Report{Schema: engine.ReportSchema, RunID: "a"}
	one.Accounting = engine.Accounting{Planned: 1, Shed: 1}
	more := one
	more.Gates, more.Services = reportertest.Failed().Gates[6:7], []engine.ServiceReport{{CPUSeconds: 1.5}}
	for _, rep := range []*engine.Report{&one, &more} {
		var out bytes.Buffer
		if err := json.Write(&out, rep); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		rep, err := json.Parse(src)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := json.Write(&out, rep); err != nil {
			t.Fatal(err)
		}
		again, err := json.Parse(out.Bytes())
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, out.String())
		}
		if diff := cmp.Diff(rep, again, ignored()); diff != "" {
			t.Errorf("-first +again:\n%s", diff)
		}
	})
}
