package spec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
)

func options() spec.Options {
	return spec.Options{
		Vars:     map[string]string{"CLI": "from-flag"},
		Env:      environment(map[string]string{"HOME": "/home/x", "EMPTY": "", "API_TOKEN": "s3cr3t"}),
		Reserved: []string{"mocks", "apps"},
	}
}

func TestExpand(t *testing.T) {
	for name, tc := range map[string]struct{ src, want string }{
		"variable":           {"vars: {TAG: 1.10}\nv: a-${TAG}", "a-1.10"},
		"flag wins":          {"vars: {CLI: x}\nv: ${CLI}", "from-flag"},
		"flag alone":         {"v: ${CLI}", "from-flag"},
		"environment":        {"v: ${env.HOME}/y", "/home/x/y"},
		"default":            {"v: ${env.NOPE:-fall back}", "fall back"},
		"default when empty": {"v: ${env.EMPTY:-x}", "x"},
		"empty default":      {`v: "a${env.NOPE:-}b"`, "ab"},
		"nested default":     {`v: "${env.NOPE:-${env.HOME}}/z"`, "/home/x/z"},
		"default of var":     {"v: ${NOPE:-x}", "x"},
		"vars use vars":      {"vars: {A: \"${B}/a\", B: \"${env.HOME}\"}\nv: ${A}", "/home/x/a"},
		"run time":           {"v: ${mocks.payment-api.url}/v1", "${mocks.payment-api.url}/v1"},
		"run time in a var":  {"vars: {U: \"${mocks.p.url}\"}\nv: ${U}/v1", "${mocks.p.url}/v1"},
		"escaped":            {"v: a$${CLI}b", "a${CLI}b"},
		"escaped run time":   {"v: $${mocks.p.url}", "$${mocks.p.url}"},
		"dollar":             {"v: ^[A-Z]{3}$", "^[A-Z]{3}$"},
		"not twice":          {"vars: {A: \"$${CLI}\"}\nv: ${A}", "${CLI}"},
		"in a list":          {"v: ${CLI}", "from-flag"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := parse(t, tc.src, options())
			if got := doc.Root.Key("v").Text(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestExpandRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		src  string
		want []string
	}{
		"unset": {
			"v: a ${NOPE}", []string{"1:6: the variable NOPE is not set | give it with --var NOPE=value, or under vars"},
		},
		"near": {
			"vars: {TAG: x}\nv: ${TGA}", []string{"2:4: the variable TGA is not set | did you mean ${TAG}?"},
		},
		"in the environment": {
			"v: ${HOME}", []string{"1:4: the variable HOME is not set | the environment has one: write ${env.HOME}"},
		},
		"environment": {
			"v: ${env.NOPE}",
			[]string{"1:4: the environment variable NOPE is not set | set it, or write ${env.NOPE:-default}"},
		},
		"namespace": {
			"v: ${moks.p.url}", []string{"1:4: nothing is known as moks in ${moks.p.url} | did you mean ${mocks.p.url}?"},
		},
		"unclosed": {
			"v: a ${B", []string{"1:6: the ${ is never closed with } | write $${ where ${ itself is meant"},
		},
		"not a name": {
			"v: ${a b}",
			[]string{"1:4: ${a b} is not a reference" +
				" | write ${NAME}, ${env.NAME} or ${env.NAME:-default}; $${ where ${ itself is meant"},
		},
		"default at run time": {
			"v: ${mocks.p.url:-x}",
			[]string{"1:4: a reference that is resolved at run time has no default | write ${mocks.p.url}"},
		},
		"cycle": {
			"vars: {A: \"${B}\", B: \"${A}\"}\nv: ${A}",
			[]string{"1:23: the variable A stands for itself: A -> B -> A | give one of them a value of its own"},
		},
		"itself": {
			"vars: {A: \"x${A}\"}",
			[]string{"1:13: the variable A stands for itself: A -> A | give one of them a value of its own"},
		},
		"no mapping": {
			"vars: 3", []string{`1:7: expected a mapping of names to values, found the number 3` +
				` | write for example vars: {TAG: "1.0"}`},
		},
		"no single value": {
			"vars: {A: [1]}", []string{"1:11: the variable A must be a single value, found a list"},
		},
		"all at once": {
			"v: ${A1} ${B1}", []string{
				"1:4: the variable A1 is not set | give it with --var A1=value, or under vars",
				"1:10: the variable B1 is not set | give it with --var B1=value, or under vars",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, ds := spec.Parse("run.yaml", []byte(tc.src), options())
			if diff := cmp.Diff(tc.want, lines(ds)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExpandIsBounded(t *testing.T) {
	var src strings.Builder
	src.WriteString("vars:\n  A0: xxxxxxxxxx\n")
	for i := range 26 {
		name, last := string(rune('B'+i-1)), string(rune('A'+i-1))
		if i == 0 {
			name, last = "A", "A0"
		}
		src.WriteString("  " + name + ": \"" + strings.Repeat("${"+last+"}", 10) + "\"\n")
	}
	_, ds := spec.Parse("run.yaml", []byte(src.String()), spec.Options{})
	if err := ds.Err(); err == nil || !strings.Contains(err.Error(), "larger than 64 KiB") {
		t.Errorf("got %v", err)
	}
}

func TestReferences(t *testing.T) {
	doc := parse(t, `
vars: {URL: "${mocks.pay.url}/v1"}
b: ["${apps.orders.url}", "x $${mocks.no.url}"]
a: "at ${URL} and ${mocks.cat-1.host}"
`, options())
	var got []string
	for _, r := range doc.References() {
		got = append(got, r.Pos.String()+" "+r.String())
	}
	want := []string{"run.yaml:3:6 apps.orders.url", "run.yaml:4:8 mocks.pay.url", "run.yaml:4:19 mocks.cat-1.host"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
}

func TestExpandRuntime(t *testing.T) {
	lookup := environment(map[string]string{"mocks.pay.url": "http://127.0.0.1:1"})
	for name, tc := range map[string]struct{ text, want string }{
		"reference": {"a ${mocks.pay.url}/x ${mocks.pay.url}", "a http://127.0.0.1:1/x http://127.0.0.1:1"},
		"escaped":   {"$${mocks.pay.url}", "${mocks.pay.url}"},
		"shell":     {"echo ${HOME} ${env.X} ${x:-y}", "echo ${HOME} ${env.X} ${x:-y}"},
		"none":      {"plain", "plain"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := spec.ExpandRuntime(tc.text, lookup)
			if err != nil || got != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
	if _, err := spec.ExpandRuntime("${mocks.other.url}", lookup); err == nil {
		t.Error("an unknown reference is not refused")
	}
}

func TestEffective(t *testing.T) {
	doc := parse(t, `# comment
vars: {CLI: x, URL: "http://${env.API_TOKEN}@host", N: "8"}
filled: ["${N}", "8", "v${N}"]
base: &base {a: 1.10, on: "yes", port: "080"}
copy: {<<: *base, tag: "${CLI}"}
url: ${URL}
later: "${mocks.p.url} $${CLI} $${mocks.q.url}"
block: |
  a ${CLI}
  b
empty:
list: [1, true, "true"]
`, options())
	want := `vars:
  CLI: from-flag
  URL: "http://***@host"
  N: "8"
filled:
- 8
- "8"
- "v8"
base:
  a: 1.10
  on: "yes"
  port: "080"
copy:
  a: 1.10
  on: "yes"
  port: "080"
  tag: "from-flag"
url: "http://***@host"
later: "${mocks.p.url} $${CLI} $${mocks.q.url}"
block: |
  a from-flag
  b
empty: null
list:
- 1
- true
- "true"
`
	got := string(spec.Effective(doc))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("effective document (-want +got):\n%s", diff)
	}
	again := parse(t, got, options())
	if a, b := again.Root.Key("later").Text(), doc.Root.Key("later").Text(); a != b {
		t.Errorf("read again: %q, want %q", a, b)
	}
}
