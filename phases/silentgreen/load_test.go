package silentgreen_test

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/engine"
)

// TestSilentGreenLoad holds run files and captures that must be refused before anything starts.
func TestSilentGreenLoad(t *testing.T) {
	recorded := []exchange{get("/orders/1").json(order), get("/orders/2").json(order)}
	calls := []exchange{get("/orders/1").json(order).calling(get("/prices").json(`{"price":7}`))}
	cases := map[string]trial{
		"nothing is inbound": {
			capture: func(s string) string { return strings.ReplaceAll(s, `"inbound"`, `"outbound"`) },
			cause:   `nothing to replay: none of the 2 records .* is inbound`,
		},
		"an empty capture": {
			capture: func(string) string { return "" },
			cause:   `capture\.jsonl|nothing to replay`,
		},
		"a selection that is empty": {
			traffic: `{select: {where: 'request.method == "DELETE"'}}`,
			cause:   `leaves none of 2`,
		},
		"a selection beyond all times": {
			traffic: `{select: {since: 2031-01-01T00:00:00Z}}`,
			cause:   `leaves none of 2`,
		},
		"a selection of a share of 0": {traffic: `{select: {sample: 0%}}`, cause: `sample|leaves none`},
		"a truncated record": {
			capture: func(s string) string { return s[:len(s)-40] }, cause: `capture\.jsonl:2`,
		},
		"a malformed record among good ones": {
			capture: func(s string) string { return strings.Replace(s, "\n", "\n{\"id\": oops\n", 1) },
			cause:   `capture\.jsonl:2`,
		},
		"a binary capture": {capture: func(string) string { return "\x00\x01\x02\xff" }, cause: `capture\.jsonl`},
		"a capture that is not there": {
			file: "version: 1\nreplay: {target: \"@target\", traffic: ./nowhere}\n", cause: `nowhere`,
		},
		"a mistyped section": {top: "quality_gate: {error_rate: \"== 0\"}", cause: `unknown key.*quality_gate`},
		"a mistyped key":     {compare: `{ignroe: {json: [$.a]}}`, cause: `unknown key.*ignroe`},
		"a mistyped gate":    {gates: `{eror_rate: "== 0"}`, cause: `eror_rate`},
		"a mistyped metric":  {gates: `{fine: {expr: 'replay.eror_rate == 0'}}`, cause: `eror_rate`},
		"a gate on an endpoint that nothing is replayed to": {
			gates: `{fine: {expr: 'endpoint("GET /oders/{id}").error_rate == 0'}}`, cause: `oders`,
		},
		"a mistyped variable": {
			top: "vars: {FAULT: none}", vars: map[string]string{"FUALT": "x"}, cause: `FUALT.*`,
		},
		"a mistyped value": {compare: `{extra_fields: alow}`, cause: `alow`},
		"a mistyped severity": {
			gates: `{fine: {expr: 'error_rate == 0', severity: enforced}}`,
			cause: `enforced`,
		},
		"an unquoted condition": {gates: "\n  error_rate: == 0 # none", cause: `quote|comment`},
		"transforms that would fire zero times": {
			traffic: `{transforms: [{redact: {headers: [X-Nobody]}}]}`,
			cause:   `would do nothing: redact header X-Nobody applies to none of`,
		},
		"one part of a transform that fires zero times": {
			traffic: `{transforms: [{json: {set: {$.a: 1}, remove: [$.nobody]}, in: response}]}`,
			cause:   `would do nothing: json remove \$\.nobody applies to none of`,
		},
		"redaction of all answers": {
			traffic: `{transforms: [{redact: {json: ["$..*"]}}]}`, cause: `\$\.\.\* is all of the body`,
		},
		"a transform for an endpoint that is not there": {
			traffic: `{transforms: [{set_header: {A: b}, where: "GET /oders/*"}]}`,
			cause:   `would do nothing: set_header A applies to none of`,
		},
		"isolation that is not there": {
			top:   "sut: {apps: [{name: a, command: [\"true\"], isolation: {egress: deny}}]}",
			cause: `isolation needs a container`,
		},
		"a cutoff that nothing measures in a window": {
			replay: `cutoffs: {rules: {body_match_rate: "< 0.5"}}`, cause: `body_match_rate is not watched`,
		},
		"a cutoff that can never trip": {
			replay: `cutoffs: {rules: {error_rate: "> 1"}}`, cause: `error_rate.*never`,
		},
		"a gate that can never fail":      {gates: `{error_rate: "<= 1"}`, cause: `can never fail`},
		"a rate gate that can never fail": {gates: `{status_pass_rate: ">= 0"}`, cause: `can never fail`},
		"a count that cannot be below 0":  {gates: `{server_errors: ">= 0"}`, cause: `can never fail`},
		"an expression that can never fail": {
			gates: `{fine: {expr: 'error_rate <= 1 and status_pass_rate >= 0'}}`, cause: `can never fail`,
		},
		"an expression of which one half always holds": {
			gates: `{fine: {expr: 'error_rate <= 1 or status_pass_rate == 1'}}`, cause: `can never fail`,
		},
		"a mock's gate that can never fail": {
			recorded: calls, mock: `gates: {match_rate: ">= 0"}`, cause: `can never fail`,
		},
		"a header to match that no call has": {
			recorded: calls, mock: `match: {headers: [X-Tennant]}`, cause: `X-Tennant`,
		},
		"a mock that ignores whole bodies": {
			recorded: calls, mock: `match: {ignore: {json: ["$.*"]}}`, cause: `\$\.\*.*whole`,
		},
		"a mock that ignores all values of bodies": {
			recorded: calls, mock: `match: {ignore: {json: ["$..*"]}}`, cause: `\$\.\.\*.*whole`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.recorded == nil {
				c.recorded = recorded
			}
			c.exit = engine.Invalid.ExitCode()
			c.judge(t)
		})
	}
}

// TestSilentGreenRules holds comparison rules that excuse more than they can be meant to.
func TestSilentGreenRules(t *testing.T) {
	recorded := []exchange{
		get("/orders/1").json(`{"id":1,"lines":[{"id":10},{"id":11}],"customer":{"id":5}}`),
		get("/customers/5").json(`{"id":5,"address":{"id":7}}`),
	}
	cases := map[string]trial{
		"ignores the whole body": {
			compare: `{ignore: {json: [$]}}`,
			cause:   `ignore\.json \$: .*whole bodies`,
		},
		"ignores all members": {compare: `{ignore: {json: ["$.*"]}}`, cause: `whole bodies`},
		"ignores all values":  {compare: `{ignore: {json: ["$..*"]}}`, cause: `whole bodies`},
		"ignores all of an endpoint": {
			compare: `{endpoints: {"GET /orders/{id}": {ignore: {json: ["$[*]"]}}}}`,
			cause:   `whole bodies`,
		},
		"ignores an id in all places": {
			compare: `{ignore: {json: ["$..id"]}}`,
			cause:   `ignore\.json \$\.\.id leaves out 6 of the 6`,
		},
		"ignores every field one by one": {
			compare: `{ignore: {json: [$.id, $.address]}}`,
			cause:   `GET /customers/\{id\}.*\$\.id.*\$\.address|nothing of .*GET /customers/\{id\}`,
		},
		"a regular expression that never constrains": {
			compare: `{match: {$.id: {regex: ".*"}}}`, cause: `match \$\.id: .*matches everything`,
		},
		"a regular expression that wants one character": {
			compare: `{match: {$.id: {regex: "."}}}`, cause: `match \$\.id: .*matches everything`,
		},
		"a regular expression without anchors": {
			compare: `{match: {$.id: {regex: "[a-z0-9]*"}}}`, cause: `match \$\.id: .*matches everything`,
		},
		"any string at all": {compare: `{match: {"$..*": string}}`, cause: `whole bodies`},
		"any slack":         {compare: `{tolerate: {$.id: {relative: 100%}}}`, cause: `tolerate|100`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.recorded, c.exit = recorded, engine.Invalid.ExitCode()
			c.judge(t)
		})
	}
}
