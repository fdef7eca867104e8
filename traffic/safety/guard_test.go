package safety_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/safety"
)

// settings reads the settings of a run file.
func settings(t *testing.T, text string) (c safety.Config, ds spec.Diagnostics) {
	t.Helper()
	doc, ds := spec.Parse("run.yaml", []byte("safety: "+text+"\n"), spec.Options{})
	ds.Add(spec.Decode(doc.Root.Key("safety"), &c))
	return c, ds
}

func TestConfigForms(t *testing.T) {
	tests := map[string]struct{ text, wrong string }{
		"short":       {"warn", ""},
		"full":        {"{mode: refuse, allow: [{kind: email, where: 'json:$.a'}]}", ""},
		"misspelt":    {"refues", "did you mean refuse?"},
		"no mode":     {"{allow: []}", ""},
		"other mode":  {"{mode: maybe}", "refuse"},
		"other kind":  {"{allow: [{kind: phone}]}", "email"},
		"no kind":     {"{allow: [{where: path}]}", "kind"},
		"unknown key": {"{alow: []}", "did you mean allow?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, ds := settings(t, tt.text)
			var lines []string
			for _, d := range ds {
				lines = append(lines, d.Message, d.Hint)
			}
			text := strings.Join(lines, "\n")
			if tt.wrong == "" && text != "" || !strings.Contains(text, tt.wrong) {
				t.Errorf("got %q, want %q in it", text, tt.wrong)
			}
		})
	}
}

func TestDefaultMode(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want safety.Mode
	}{
		"nothing":        {nil, safety.Warn},
		"ci":             {map[string]string{"CI": "true"}, safety.Refuse},
		"ci is off":      {map[string]string{"CI": "false"}, safety.Warn},
		"github actions": {map[string]string{"GITHUB_ACTIONS": "true"}, safety.Refuse},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := safety.DefaultMode(func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok })
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if got := safety.DefaultMode(nil); got != safety.Warn {
		t.Errorf("without an environment: %s", got)
	}
}

// told is what a guard says of one record.
func told(t *testing.T, text string, recorded, sent *traffic.Record) (lines []string) {
	t.Helper()
	c, ds := settings(t, text)
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	guard := safety.New(c, safety.Refuse)
	guard.Judge(recorded, sent)
	for _, d := range guard.Check(spec.Pos{}) {
		severity := "error: "
		if d.Severity == spec.Warning {
			severity = "warning: "
		}
		lines = append(lines, severity+d.Message, d.Hint)
	}
	return lines
}

func TestGuard(t *testing.T) {
	mail := get("/u/7?mail=bob@corp.com")
	const refused = "error: the traffic holds 1 x email in query:mail of GET /u/{id}: b***@c***.com (record 1)"
	const hint = "conceal it in traffic.transforms: - redact: {query: [mail]}; or accept it, where it is harmless, in " +
		"traffic.safety.allow: - {kind: email, where: 'query:mail'}"
	tests := map[string]struct {
		text string
		want []string
	}{
		"off":            {"off", nil},
		"refused":        {"refuse", []string{refused, hint}},
		"by default":     {"{allow: []}", []string{refused, hint}},
		"allowed":        {"{allow: [{kind: email, where: 'query:mail'}]}", nil},
		"all allowed":    {"{allow: [{kind: email}]}", nil},
		"value allowed":  {"{allow: [{kind: email, value: '*@corp.com'}]}", nil},
		"endpoint":       {"{allow: [{kind: email, endpoint: 'GET /u/*'}]}", nil},
		"other endpoint": {"{mode: off, allow: [{kind: email, endpoint: 'GET /v'}]}", nil},
		"warned": {"warn", []string{
			"warning: the traffic holds secrets or personal data: 1 x email in query:mail of GET /u/{id}",
			"headgate inspect lists all; conceal them with traffic.transforms, or allow them in traffic.safety",
		}},
		"idle allow": {"{allow: [{kind: email}, {kind: card}]}", []string{
			"warning: traffic.safety.allow: it allows nothing: no card is found there", "check its spelling, or leave it out",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, told(t, tt.text, mail, mail)); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGuardPassesWhatTransformsPutIn(t *testing.T) {
	recorded, sent := header("Authorization", "Bearer of-production"), header("Authorization", "Bearer of-the-shadow")
	if lines := told(t, "refuse", recorded, sent); len(lines) > 0 {
		t.Errorf("a token that was put in is refused: %q", lines)
	}
	sent.Request.Header.Set("X-Copy", "bob@corp.com")
	recorded.Request.Header = http.Header{"X-Copy": {"bob@corp.com"}, "Authorization": {"Bearer of-production"}}
	if lines := told(t, "refuse", recorded, sent); len(lines) != 2 || !strings.Contains(lines[0], "header:X-Copy") {
		t.Errorf("what was left in is not refused: %q", lines)
	}
}

func TestTransformLines(t *testing.T) {
	tests := map[string]string{
		"header:X-Api-Key":          "- redact: {headers: [X-Api-Key]}",
		"cookie:sid":                "- redact: {headers: [Cookie]}",
		"response cookie:sid":       "- redact: {headers: [Set-Cookie]}",
		"form:password":             "- redact: {form: [password]}",
		"response json:$.a[*].mail": "- redact: {json: ['$.a[*].mail']}",
		"json:$":                    `- replace: {regexp: '[\w.+-]+@[\w-]+\.[\w.-]+', with: REDACTED, in: both}`,
		"path":                      `- replace: {regexp: '[\w.+-]+@[\w-]+\.[\w.-]+', with: REDACTED, in: both}`,
		"param:$1":                  "",
	}
	for where, want := range tests {
		t.Run(where, func(t *testing.T) {
			if got := (safety.Found{Kind: safety.Email, Where: where}).Transform(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
