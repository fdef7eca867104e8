package phases_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/phases"
)

// unsafe is a capture with a token and a mail address, inbound and in an outbound answer.
const unsafe = `{"id":"1","time":"2026-11-01T08:00:00Z","direction":"inbound","service":"svc","protocol":"http",` +
	`"duration_ms":5,"request":{"method":"GET","url":"/x","headers":{"Authorization":["Bearer production-token-1"]}},` +
	`"response":{"status":200,"headers":{"Content-Type":["application/json"]},"body":"{\"a\":1}"}}
{"id":"2","time":"2026-11-01T08:00:00.001Z","direction":"outbound","service":"pay","parent":"1","protocol":"http",` +
	`"duration_ms":2,"request":{"method":"GET","url":"/limits","headers":{}},` +
	`"response":{"status":200,"headers":{"Content-Type":["application/json"]},"body":"{\"mail\":\"bob@corp.com\"}"}}
`

// loadIn loads a run file with a capture where CI is set or not.
func loadIn(t *testing.T, ci bool, file, name, capture string) (*engine.Engine, spec.Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"pipeline.yaml": file, name: capture} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return phases.Load(t.Context(), phases.Source{
		Path: filepath.Join(dir, "pipeline.yaml"),
		Env:  func(name string) (string, bool) { return "true", ci && name == "CI" },
	})
}

func TestLoadJudgesWhatIsSentAndStubbed(t *testing.T) {
	const rest = "backends: {mocks: [{name: pay, stubs: captured.jsonl}]}\n" +
		"replay: {target: 'http://127.0.0.1:1', traffic: captured.jsonl}\n"
	const redact = "redact: {json: [$.mail]}"
	const token = "token: {header: Authorization, value: 'Bearer shadow-token'}"
	const bearer = "1 x bearer in header:Authorization of GET /x"
	const mail = "1 x email in response json:$.mail of pay: GET /limits"
	tests := map[string]struct {
		traffic string
		ci      bool
		errors  []string
		warning string
	}{
		"refused in ci":       {"", true, []string{bearer, mail}, ""},
		"warned elsewhere":    {"", false, nil, bearer + "; " + mail},
		"warned in ci":        {"safety: warn", true, nil, mail},
		"refused elsewhere":   {"safety: refuse", false, []string{bearer, mail}, ""},
		"off":                 {"safety: off", true, nil, ""},
		"one is left":         {"transforms: [" + redact + "]", true, []string{bearer}, ""},
		"transformed":         {"transforms: [" + redact + ", " + token + "]", true, nil, ""},
		"allowed":             {"safety: {allow: [{kind: email, where: 'json:$.mail'}, {kind: bearer}]}", true, nil, ""},
		"allowed for nothing": {"safety: {mode: off, allow: [{kind: card}]}", true, nil, ""},
		"misspelt":            {"safety: of", true, []string{`found "of", expected refuse, warn or off`}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, ds := loadIn(t, tt.ci, "traffic: {"+tt.traffic+"}\n"+rest, "captured.jsonl", unsafe)
			var found, warned []string
			for _, d := range ds {
				if d.Severity == spec.Error {
					found = append(found, d.Message)
				} else {
					warned = append(warned, d.Message)
				}
			}
			if len(found) != len(tt.errors) || (e != nil) != (len(tt.errors) == 0) {
				t.Fatalf("errors %q, want %q", found, tt.errors)
			}
			for i, want := range tt.errors {
				if !strings.Contains(found[i], want) {
					t.Errorf("error %q, want %q", found[i], want)
				}
			}
			if text := strings.Join(warned, "\n"); (tt.warning == "") != (text == "") || !strings.Contains(text, tt.warning) {
				t.Errorf("warnings %q, want %q", text, tt.warning)
			}
			if text := strings.Join(append(found, warned...), ""); strings.Contains(text, "bob@corp") ||
				strings.Contains(text, "production-token") {
				t.Errorf("a secret is shown: %s", text)
			}
		})
	}
}

// targets is a capture that does not tell the direction.
const targets = "GET http://svc.example:8080/x\n\nGET http://pay.example/limits\n"

func TestLoadFindsTheDirectionByRule(t *testing.T) {
	const replay = "replay: {target: 'http://127.0.0.1:1', traffic: targets.txt}\n"
	const mock = "backends: {mocks: [{name: pay, stubs: targets.txt}]}\n"
	tests := map[string]struct{ direction, rest, want string }{
		"none":          {"", replay, "2 records to different hosts (svc.example:8080, pay.example) are taken for inbound"},
		"none for mock": {"", mock + replay, "2 are taken for inbound, as nothing tells their direction"},
		"hosts":         {"{hosts: {PAY.example: pay}}", mock, "cannot be answered"},
		"ports":         {"{inbound_ports: [8080]}", replay, ""},
		"no such port":  {"{inbound_ports: [9]}", replay, "none of the 2 records"},
		"bad port":      {"{inbound_ports: [8080, 99999]}", replay, "99999 is no port"},
		"bad host":      {"{hosts: {'http://pay': pay}}", replay, `"http://pay" is no host`},
		"no service":    {"{hosts: {pay: ''}}", replay, "the host pay has no service"},
		"misspelt":      {"{ports: [1]}", replay, `unknown key "ports"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := tt.rest
			if tt.direction != "" {
				file = "traffic: {direction: " + tt.direction + "}\n" + file
			}
			_, ds := loadIn(t, false, file, "targets.txt", targets)
			var lines []string
			for _, d := range ds {
				lines = append(lines, d.Message)
			}
			if text := strings.Join(lines, "\n"); (tt.want == "") != (text == "") || !strings.Contains(text, tt.want) {
				t.Errorf("findings %q, want %q", text, tt.want)
			}
		})
	}
}

// Stubs that are written by hand are judged, too, and no transform is proposed for them.
func TestLoadJudgesMappings(t *testing.T) {
	const stub = `{"request":{"method":"GET","urlPath":"/limits"},"response":{"jsonBody":{"mail":"bob@corp.com"}}}`
	tests := map[string]struct{ settings, want string }{
		"refused": {"{}", "the stubs hold 1 x email in response json:$.mail of pay: GET /limits: b***@c***.com"},
		"warned":  {"{safety: warn}", "the stubs hold secrets or personal data: 1 x email"},
		"allowed": {"{safety: {allow: [{kind: email, where: 'json:$.mail'}]}}", ""},
		"off":     {"{safety: off}", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := "traffic: " + tt.settings + "\nbackends: {mocks: [{name: pay, stubs: pay.json}]}\n"
			_, ds := loadIn(t, true, file, "pay.json", stub)
			var lines []string
			for _, d := range ds {
				lines = append(lines, d.Message+" ("+d.Hint+")")
			}
			text := strings.Join(lines, "\n")
			if tt.want == "" && strings.Contains(text, "stubs hold") || !strings.Contains(text, tt.want) ||
				strings.Contains(text, "traffic.transforms") {
				t.Errorf("told %q, want %q", text, tt.want)
			}
		})
	}
}
