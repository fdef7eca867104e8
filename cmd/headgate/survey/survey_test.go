package survey_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/cmd/headgate/survey"
	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
)

var update = flag.Bool("update", false, "write the golden files anew")

func inbound(id string) string {
	return fmt.Sprintf(`{"id":%q,"time":"2026-11-01T08:00:00Z","direction":"inbound","service":"shop","protocol":"http",`+
		`"duration_ms":1,"request":{"method":"GET","url":"/a"},"response":{"status":200,"body":"{}"}}`+"\n", id)
}

func outbound(id, service string) string {
	return fmt.Sprintf(`{"id":%q,"time":"2026-11-01T08:00:00Z","direction":"outbound","service":%q,"protocol":"http",`+
		`"duration_ms":1,"request":{"method":"GET","url":"/p","host":"h"},"response":{"status":200}}`+"\n", id, service)
}

func keploy(status string) string {
	return "version: api.keploy.io/v1beta1\nkind: Http\nspec:\n  req: {method: GET, url: 'http://h/a'}\n" +
		"  resp: {status_code: " + status + "}\n  created: 1793534400\n"
}

const goMain = `package main

import "net/http"

func main() { http.ListenAndServe(os.Getenv("PAY_URL"), nil) }
// "/healthz"
`

// folders are what is looked through, by the name of the golden file.
func folders() map[string]map[string]string {
	return map[string]map[string]string{
		"whole": {
			"go.mod": "module x\n", "cmd/shop/main.go": goMain, "cmd/tool/main.go": "package main\n\nfunc main() {}\n",
			"main_test.go": goMain, "vendor/y/main.go": goMain, "gen.go": "//go:build ignore\n\n" + goMain,
			"captured/in.jsonl": inbound("1") + inbound("2"), "captured/out/pay.jsonl": outbound("3", "payment-api"),
			"captured/out/more.jsonl": outbound("4", "payment-api") + outbound("5", "stripe.com:443"),
			"captured/log.txt":        "GET / 200\n", "compose.yaml": "services:\n  db: {image: 'postgres:${V}'}\n  cache: {}\n",
			"api/openapi.yaml": "openapi: 3.1.0\n", "api/other.json": "{\"swagger\": \"2.0\"}",
			"config.py": "PAYMENT_URL = env('PAYMENT_URL')\n",
		},
		"redacted": {
			"in.jsonl": `{"id":"1","time":"2026-11-01T08:00:00Z","direction":"inbound","service":"shop","protocol":"http",` +
				`"duration_ms":1,"request":{"method":"POST","url":"/a?key=REDACTED","headers":{"Authorization":["REDACTED"]},` +
				`"body":"{\"pin\":\"REDACTED\"}"},"response":{"status":200,"body":"{\"l\":[{\"a b\":\"REDACTED\"}]}"}}` + "\n",
			"out.jsonl": `{"id":"2","time":"2026-11-01T08:00:00Z","direction":"outbound","service":"pay","protocol":"http",` +
				`"duration_ms":1,"request":{"method":"GET","url":"/p?token=REDACTED&n=1","host":"h","body":"[\"REDACTED\"]"},` +
				`"response":{"status":200}}` + "\n",
		},
		"module-below": {
			"svc/go.mod": "module x\n", "svc/main.go": goMain, "in.jsonl": inbound("1"),
		},
		"node": {
			"package.json": `{"scripts": {"start": "node ."}}`, "Procfile": "web: node . --port ${PORT}\n",
			"Dockerfile": "FROM a\nCMD no\nFROM b\nENTRYPOINT [\"node\"]\nCMD [\"server.js\"]\n",
			"in.jsonl":   inbound("1"),
		},
		"keploy": {
			"set-0/tests/test-1.yaml": keploy("200"), "set-0/tests/test-2.yaml": keploy("404"),
			"set-0/mocks.yaml": "version: api.keploy.io/v1beta1\nkind: Mongo\nspec: {}\n", "other.yaml": "a: b\n",
		},
		"nothing":         {"notes.txt": "hello"},
		"capture-no-code": {"in.jsonl": inbound("1"), "out.jsonl": outbound("2", "pay")},
		"code-no-capture": {"Dockerfile": "FROM a\nCMD exec serve ${PORT}\n"},
	}
}

func TestRunFile(t *testing.T) {
	for name, files := range folders() {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "shop service")
			for path, content := range files {
				path = filepath.Join(dir, filepath.FromSlash(path))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			found, err := survey.Look(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if _, captured := files["in.jsonl"]; found.Runs() != (captured || name == "whole" || name == "keploy") {
				t.Errorf("runs: %v", found.Runs())
			}
			got := found.RunFile()
			golden(t, name, got)
			doc, ds := spec.Parse("headgate.yaml", got, spec.Options{Reserved: engine.References()})
			if ds.Err() != nil || doc.Root.Key("replay").Key("target").Text() == "" {
				t.Errorf("not a run file: %v", ds)
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden.yaml")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("not as in %s (-want +got), write it anew with -update if it is meant:\n%s", path, diff)
	}
}

func TestLookPassesOverWhatItCannotUse(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"binary":     bytes.Repeat([]byte{0, 1, 0xff}, 1000),
		"half.jsonl": []byte(inbound("1") + inbound("2")[:40]),
		"bad.jsonl":  []byte(inbound("3") + `{"id":"4","direction":"inbound"}` + "\n" + inbound("5")),
		"empty":      nil, "broken.yaml": []byte("services: [\n"), "compose.yml": []byte("services: [\n"),
		"package.json": []byte("{"), "go.mod": nil,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := survey.Look(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if found.Captures.Requests != 3 || len(found.Captures.Inbound) != 2 || len(found.Starts) != 0 {
		t.Errorf("found %+v", found)
	}
	_, err = survey.Look(t.Context(), filepath.Join(dir, "nowhere"))
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func FuzzRunFile(f *testing.F) {
	f.Add("payment-api", "FROM a\nCMD serve ${PORT}\n", "web: x: y # ${A}")
	f.Add("", "ENTRYPOINT [\"a\\u0000b\"]\nCMD \"q'", "web:\ttab")
	f.Fuzz(func(t *testing.T, service, docker, proc string) {
		dir := t.TempDir()
		for name, content := range map[string]string{
			"out.jsonl": inbound("1") + outbound("2", service), "Dockerfile": docker, "Procfile": proc,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := survey.Look(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		_, ds := spec.Parse("headgate.yaml", found.RunFile(), spec.Options{Reserved: engine.References()})
		if err := ds.Err(); err != nil {
			t.Errorf("%v in\n%s", err, found.RunFile())
		}
	})
}
