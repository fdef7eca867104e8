package gates

import (
	"strconv"
	"strings"
	"testing"
)

func TestDesugar(t *testing.T) {
	const (
		p95  = "replay.latency_p95"
		rate = "replay.status_pass_rate"

		tenMore = p95 + " <= baseline." + p95 + " + 0.1 * abs(baseline." + p95 + ")"
	)
	tests := map[string]struct{ gate, want string }{
		"ratio":          {`status_pass_rate: ">= 0.98"`, rate + " >= 0.98"},
		"no spaces":      {`status_pass_rate: ">=0.98"`, rate + " >= 0.98"},
		"zero":           {`server_errors: "== 0"`, "replay.server_errors == 0"},
		"duration":       {`latency_p95: "<= 200ms"`, p95 + ` <= duration("200ms")`},
		"long duration":  {`latency_p95: "< 1m30s"`, p95 + ` < duration("1m30s")`},
		"no duration":    {`latency_p50: "!= 0"`, `replay.latency_p50 != duration("0s")`},
		"bytes":          {`heap: "<= 64MiB"`, `replay.heap <= bytes("64MiB")`},
		"spaced unit":    {`heap: "<= 64 MiB"`, `replay.heap <= bytes("64MiB")`},
		"named unit":     {`mem: "<= 500"`, "replay.mem_peak_bytes <= 500"},
		"rate":           {`throughput: ">= 100/s"`, "replay.throughput >= 100"},
		"bare rate":      {`throughput: ">= 100"`, "replay.throughput >= 100"},
		"more percent":   {`latency_p95: "<= +10%"`, tenMore},
		"delta key":      {`latency_p95_delta: "<= +10%"`, tenMore},
		"delta unsigned": {`latency_p95_delta: "<= 10%"`, tenMore},
		"exact percent":  {`latency_p95: "<= +0.7%"`, p95 + " <= baseline." + p95 + " + 0.007 * abs(baseline." + p95 + ")"},
		"less percent": {
			`status_pass_rate: ">= -5%"`,
			rate + " >= baseline." + rate + " - 0.05 * abs(baseline." + rate + ")",
		},
		"within": {
			`throughput: "within 10%"`,
			"abs(replay.throughput - baseline.replay.throughput) <= 0.1 * abs(baseline.replay.throughput)",
		},
		"more time":       {`latency_p95: "<= +20ms"`, p95 + " <= baseline." + p95 + ` + duration("20ms")`},
		"absolute change": {`error_rate: "<= +0.01"`, "replay.error_rate <= baseline.replay.error_rate + 0.01"},
		"floor": {
			`latency_p95: "<= +10% or +20ms"`,
			p95 + " <= baseline." + p95 + " + max(0.1 * abs(baseline." + p95 + `), duration("20ms"))`,
		},
		"ceiling": {
			`latency_p95: "<= +10% and 600ms"`,
			p95 + " <= baseline." + p95 + " + 0.1 * abs(baseline." + p95 + ") and " + p95 + ` <= duration("600ms")`,
		},
		"both": {
			`latency_p95: "<= +10% or +20ms and <= 600ms"`,
			p95 + " <= baseline." + p95 + " + max(0.1 * abs(baseline." + p95 + `), duration("20ms")) and ` +
				p95 + ` <= duration("600ms")`,
		},
		"true":       {`correlated: "true"`, "replay.correlated"},
		"bare true":  {`correlated: true`, "replay.correlated"},
		"false":      {`correlated: "false"`, "not replay.correlated"},
		"other mock": {`mocks["payment-api"].match_rate: ">= 0.98"`, `mocks["payment-api"].match_rate >= 0.98`},
		"endpoint": {
			`'endpoint("GET /orders/{id}").latency_p95': "<= 1s"`,
			`endpoint("GET /orders/{id}").latency_p95 <= duration("1s")`,
		},
		"full comparator": {`latency_p95: {expr: "<= 2s"}`, p95 + ` <= duration("2s")`},
		"expression":      {`x: {expr: "status_pass_rate == 1 and sent > 5"}`, "status_pass_rate == 1 and sent > 5"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := one(t, replayScope(t), tt.gate).Expr; got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ gate, at, message, hint string }{
		"unsigned percent": {
			`status_pass_rate: ">= 98%"`, "1:23", "98% can be a ratio or a change",
			"write 0.98 for the ratio, or -98% for a change",
		},
		"percent of time":    {`latency_p95: "<= 10%"`, "1:18", "a percentage needs a sign", "write +10%"},
		"percent of percent": {`cpu_percent: "<= 80%"`, "1:18", "a value or a change", "write 80 for the value"},
		"nan":                {`error_rate: "<= NaN"`, "1:17", "nothing can be compared", ""},
		"yaml nan":           {`error_rate: "<= .nan"`, "1:17", "nothing can be compared", ""},
		"inf":                {`error_rate: "<= +Inf"`, "1:17", "nothing can be compared", ""},
		"overflow":           {`sent: "<= 1e999"`, "1:11", "not a finite limit", ""},
		"unknown unit":       {`latency_p95: "<= 200msec"`, "1:21", `unknown unit "msec"`, ""},
		"unit in capitals":   {`latency_p95: "<= 200MS"`, "1:21", `unknown unit "MS"`, "did you mean 200ms?"},
		"wrong unit":         {`latency_p95: "<= 64MiB"`, "1:18", "but latency_p95 is measured as a time", "200ms"},
		"no unit":            {`latency_p95: "<= 200"`, "1:18", "a number without a unit", "200ms"},
		"no memory unit":     {`heap: "<= 200"`, "1:11", "a number without a unit", "64MiB"},
		"unit of a count":    {`sent: "<= 5s"`, "1:11", "5s is a time", ""},
		"floor without sign": {`latency_p95: "<= +10% or 600ms"`, "1:26", "with a sign", "write and 600ms"},
		"ceiling with sign":  {`latency_p95: "<= +10% and +600ms"`, "1:27", "without a sign", ""},
		"ceiling alone":      {`latency_p95: "<= 1s and 600ms"`, "1:25", "and joins a change", ""},
		"wrong floor":        {`latency_p95: "<= -10% or -5ms"`, "1:26", "or joins two slacks", ""},
		"ceiling unit":       {`latency_p95: "<= +10% and 6"`, "1:27", "a number without a unit", ""},
		"worse only":         {`latency_p95: ">= +10%"`, "1:15", "passes only when it gets worse", "write <= +10%"},
		"worse only, higher": {`status_pass_rate: "<= -5%"`, "1:20", "passes only when it gets worse", "write >= -5%"},
		"exactly so much":    {`latency_p95: "== +10%"`, "1:15", "exactly 10%", "within 10%"},
		"within minus":       {`latency_p95: "within -10%"`, "1:22", "takes no minus", ""},
		"no operator":        {`status_pass_rate: 0.98`, "1:19", "does not say how to compare", `">= 0.98"`},
		"single equals":      {`sent: "= 5"`, "1:8", `"=" is not a comparison`, "write =="},
		"turned operator":    {`sent: "=> 5"`, "1:8", `"=>" is not a comparison`, "write >="},
		"words":              {`sent: "at least 5"`, "1:8", `"at" is not a comparison`, "write one of"},
		"no limit":           {`sent: ">="`, "1:8", "no limit after >=", ""},
		"empty":              {`sent: ""`, "1:8", "no comparison", ""},
		"too much":           {`sent: ">= 5 5"`, "1:13", `"5" is one too many`, ""},
		"c style and":        {`sent: ">= 5 && < 7"`, "1:13", `"&&" is one too many`, "write and, or"},
		"two floors":         {`latency_p95: "<= +1% or +2% or +3%"`, "1:29", "one too many", ""},
		"dangling or":        {`latency_p95: "<= +1% or"`, "1:22", "no amount after or", ""},
		"flag compared":      {`correlated: ">= 1"`, "1:14", "is true or false and cannot be compared", ""},
		"flag delta":         {`correlated_delta: "true"`, "1:20", "no change to judge", ""},
		"number as flag":     {`sent: "true"`, "1:8", "sent is not true or false", ""},
		"unknown metric":     {`status_pas_rate: ">= 1"`, "1:1", "no metric status_pas_rate", "mean status_pass_rate?"},
		"elsewhere":          {`match_rate: ">= 1"`, "1:1", "there is no metric match_rate", `mocks["NAME"].match_rate`},
		"own name":           {`my-gate: "sent > 1"`, "1:1", "there is no metric my-gate", `{expr: "..."}`},
		"expression as text": {`sent: "sent > 1"`, "1:8", "not a comparison", `{expr: "..."}`},
		"unknown subject":    {`'mocks["pay"].match_rate': ">= 1"`, "1:1", `there is no "pay" in mocks`, ""},
		"list":               {`sent: [">= 1"]`, "1:7", "not a list", ""},
		"nothing":            {`sent:`, "1:1", "has no condition", ""},
		"unknown key":        {`x: {exp: "sent > 1"}`, "1:5", "exp", ""},
		"severity":           {`x: {expr: "sent > 1", severity: fatal}`, "1:33", "fatal", ""},
		"goto":               {`x: {expr: "sent > 1", on_fail: {goto: moon}}`, "1:39", "moon", ""},
		"min samples":        {`x: {expr: "sent > 1", min_samples: 0}`, "1:36", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { refused(t, tt.gate, tt.at, tt.message, tt.hint) })
	}
}

func refused(t *testing.T, gate, at, message, hint string) {
	t.Helper()
	programs, ds := Parse(node(t, gate), replayScope(t))
	if len(programs) > 0 || ds.Err() == nil {
		t.Fatalf("was accepted; findings: %s", findings(ds))
	}
	d := ds[0]
	if !strings.HasSuffix(d.Pos.String(), "run.yaml:"+at) || !strings.Contains(d.Message, message) ||
		!strings.Contains(d.Hint, hint) {
		t.Errorf("got  %s\nwant %s: %s [%s]", findings(ds), at, message, hint)
	}
	for _, leak := range []string{"float64", "time.Duration", "map[", "interface", "types."} {
		if strings.Contains(findings(ds), leak) {
			t.Errorf("the name of a Go type: %s", findings(ds))
		}
	}
}

func TestExpressionRefuses(t *testing.T) {
	tests := map[string]struct{ expr, at, message, hint string }{
		"syntax":           {`sent >`, "1:16", "", ""},
		"percent":          {`sent <= +10%`, "1:22", "", ""},
		"unit":             {`latency_p95 < 5s`, "1:26", "", ""},
		"number":           {`sent + 1`, "1:11", "gives a number, expected true or false", "compare it"},
		"duration":         {`latency_p95`, "1:11", "gives a duration", ""},
		"types":            {`latency_p95 < 5`, "1:23", "a duration", `duration("200ms")`},
		"text":             {`sent == "five"`, "1:16", "a text", ""},
		"flag and number":  {`correlated and sent`, "1:22", "true or false", ""},
		"unknown metric":   {`replay.snet > 1`, "1:18", "there is no metric snet in replay", "did you mean sent?"},
		"unknown bare":     {`snet > 1`, "1:11", "there is no metric snet", "did you mean sent?"},
		"unknown group":    {`rplay.sent > 1`, "1:11", "no group of metrics rplay", "did you mean replay?"},
		"unknown subject":  {`mocks["payment"].match_rate == 1`, "1:17", `no "payment" in mocks`, ""},
		"near subject":     {`mocks["catalogue"].match_rate == 1`, "1:17", `no "catalogue" in mocks`, "catalog?"},
		"unknown endpoint": {`endpoint("GET /order/{id}").latency_p95 < duration("1s")`, "1:20", "in endpoint", orders},
		"group":            {`mocks["catalog"] == 1`, "1:16", "is a group of metrics", ""},
		"whole group":      {`replay == 1`, "1:11", "replay is a group of metrics", ""},
		"baseline":         {`sent > baseline`, "1:18", "baseline is a group", ""},
		"too deep":         {`sent.value > 1`, "1:16", "sent is a metric and has nothing inside", ""},
		"env":              {`$env["replay"] == 1`, "1:11", "$env is not offered", ""},
		"dynamic index":    {`mocks["a" + "b"].match_rate == 1`, "1:21", "only constant names", ""},
		"dynamic endpoint": {`endpoint(1).latency_p95 == 1`, "1:11", "endpoint takes one text", ""},
		"now":              {`sent > now()`, "1:18", "the function now is not offered", ""},
		"all":              {`all([], true) and sent > 0`, "1:11", "the function all is not offered", ""},
		"none":             {`none([1], # > 2) and sent > 0`, "1:11", "the function none is not offered", ""},
		"mean":             {`mean([]) < 1 and sent > 0`, "1:11", "the function mean is not offered", ""},
		"median":           {`median([]) < 1 and sent > 0`, "1:11", "the function median is not offered", ""},
		"max of a list":    {`max([]) < sent`, "1:15", "lists are not offered", ""},
		"max of nothing":   {`max() < sent`, "1:11", "max takes at least one", ""},
		"range":            {`sent in 0..1`, "1:16", "the operator in is not offered", ""},
		"nil":              {`sent != nil`, "1:19", "nil is not offered", ""},
		"optional":         {`replay?.sent > 1`, "1:19", "?. is not offered", ""},
		"default":          {`(sent ?? 5) > 1`, "1:17", "the operator ?? is not offered", ""},
		"power":            {`sent ** 2 > 1`, "1:16", "the operator ** is not offered", ""},
		"bad duration":     {`latency_p95 < duration("5 apples")`, "1:34", `"5 apples" is not a value for duration`, ""},
		"bad bytes":        {`heap < bytes("5")`, "1:24", `"5" is not a value for bytes`, ""},
		"delta":            {`latency_p95_delta <= 0.1`, "1:11", "cannot stand in an expression", "* baseline.latency_p95"},
		"no metric":        {`1 < 2`, "1:11", "judges no metric", ""},
		"only baseline":    {`baseline.sent > 2`, "1:11", "judges no metric of this run", ""},
		"shadowed":         {`let sent = 5; sent > 1`, "1:15", "sent is the name of a metric", ""},
		"method":           {`latency_p95.Hours() > 1`, "1:23", "only functions can be called", ""},
		"unknown function": {`abss(sent) > 1`, "1:11", "the function abss is not offered", "did you mean abs?"},
		"second line":      {"sent > 1 and snet > 1", "1:24", "there is no metric snet", ""},
		"unicode before":   {`sent > 1 /* ÄÖ */ and snet > 1`, "1:33", "there is no metric snet", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { refused(t, `g: {expr: '`+tt.expr+`'}`, shift(tt.at), tt.message, tt.hint) })
	}
}

// shift adds what stands before the expression's quote to a column.
func shift(at string) string {
	line, column, _ := strings.Cut(at, ":")
	n, err := strconv.Atoi(column)
	if err != nil {
		return at
	}
	return line + ":" + strconv.Itoa(n+1)
}

func FuzzComparator(f *testing.F) {
	for _, s := range []string{
		">= 0.98", "<= +10% or +20ms and 600ms", "within 10%", "true", "<= 64 MiB", "<=", "== NaN", "> 1e308", "",
		">= -5%", "<=+", "<= 1..2", "\x00", "<= 100/s", "<= 5 s",
	} {
		f.Add(s)
	}
	s := replayScope(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"latency_p95", "status_pass_rate", "heap", "sent", "correlated", "throughput"} {
			c, p := parseComparator(text)
			if p == nil {
				metric, _ := s.own(name)
				if p = c.apply(metric, false); p == nil {
					src := relation{comparator: *c, term: metric}.source()
					if _, problems := compileGate(src, s); len(problems) > 0 {
						t.Errorf("%q became %q, which is refused: %v", text, src, problems)
					}
					continue
				}
			}
			if p.message == "" || p.at < 0 || p.at > runes(text) {
				t.Errorf("%q: a problem without a message or a place: %+v", text, *p)
			}
		}
	})
}
