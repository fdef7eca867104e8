package har

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic/jsonarray"
)

// entries are as they are found, and as they are not.
func entries() map[string]string {
	return map[string]string{
		"all": `{"startedDateTime": "x", "time": 1.5e2, "_resourceType": "fetch", "cache": {"a": [1]},
			"timings": {"send": 1, "wait": null, "receive": -1}, "_headgate": {"id": "a", "connection": "c"},
			"request": {"method": "POST", "url": "http://h/\u00e9", "headers": [{"name": "a", "value": "b", "comment": ""}],
				"postData": {"mimeType": "m", "text": "{\"a\": 1}", "encoding": "e", "params": [{"name": "p"}]}},
			"response": {"status": 200, "headers": [], "content": {"size": 7, "text": "\n", "encoding": "base64",
				"_file": "f", "_sha1": "s"}}}`,
		"null": `{"request": null, "response": null, "timings": null, "time": null}`,
		"null within": `{"request": {"headers": null, "postData": null},
			"response": {"content": {"text": null, "size": 1}}}`,
		"text null":      `{"response": {"status": 200, "content": {"size": 5, "text": null}}}`,
		"a text, null":   `{"startedDateTime": "a", "startedDateTime": null}`,
		"empty":          `{}`,
		"status as text": `{"response": {"status": "200"}}`,
		"other shapes":   `{"request": {"headers": {}}, "response": []}`,
		"other case":     `{"Response": {"status": 200, "Content": {"TEXT": "a"}}, "reque\u017ft": {"URL": "u"}}`,
		"a number":       `{"request": {"method": 7}}`,
		"request twice":  `{"request": {"method": "A", "url": "u"}, "request": {"method": "B"}}`,
		"answer twice":   `{"response": {"content": {"text": "A", "size": 7}}, "response": {"status": 201}}`,
		"headers twice":  `{"request": {"headers": [{"name": "a"}], "headers": [{"value": "B"}]}}`,
		"no JSON":        `{"request": {"method" "GET"}}`,
		"no JSON passed": `{"request": {"method": "GET"}, "cache": {x}}`,
		"no number":      `{"time": nan}`,
		"hexadecimal":    `{"time": 0x10}`,
		"a zero before":  `{"response": {"content": {"size": 07}}}`,
		"line break":     "{\"request\": {\"url\": \"a\nb\"}}",
		"surrogates":     `{"request": {"url": "\ud83d\ude00 \ud83d \ude00\ud83d"}}`,
		"no UTF-8":       "{\"request\": {\"url\": \"\xff\", \"\xff\": \"\xff\"}}",
	}
}

// compared has an entry decoded by both, and tells where they differ.
func compared(t *testing.T, raw []byte) {
	t.Helper()
	want := &entry{}
	failed := json.Unmarshal(raw, want)
	got, err := decode(new(jsonarray.Stream), raw)
	if (err == nil) != (failed == nil) {
		t.Fatalf("%v, want %v", err, failed)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDecode compares with encoding/json, also where an entry is not as expected.
func TestDecode(t *testing.T) {
	for name, raw := range entries() {
		t.Run(name, func(t *testing.T) { compared(t, []byte(raw)) })
	}
}

func FuzzDecode(f *testing.F) {
	for _, raw := range entries() {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := jsonarray.NewStream(strings.NewReader(text)).Value(len(text))
		if err == nil {
			compared(t, raw)
		}
	})
}
