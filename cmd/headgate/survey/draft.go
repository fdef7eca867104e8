package survey

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Schema is where a drafted run file looks for its JSON Schema.
const Schema = "./.headgate/pipeline.schema.json"

// Runs tells whether the drafted run file can be run: there is something to replay.
func (f *Findings) Runs() bool { return f.Captures.Requests > 0 }

// Service is the name of the service: that of the capture, else the folder's.
func (f *Findings) Service() string {
	name := f.Captures.Service
	if name == "" {
		name = f.Name
	}
	return regexp.MustCompile(`[^A-Za-z0-9_-]+`).ReplaceAllString(name, "-")
}

// RunFile drafts a run file, with comments on what to look at.
func (f *Findings) RunFile() []byte {
	d := &draft{Findings: f}
	d.head()
	d.backends()
	d.sut()
	d.quality()
	d.replay()
	return []byte(d.String())
}

type draft struct {
	*Findings
	strings.Builder
}

// line adds one line: a name with a line break in it must not end a comment.
func (d *draft) line(format string, args ...any) {
	breaks := func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == '\ufeff' {
			return ' '
		}
		return r
	}
	d.WriteString(strings.Map(breaks, strings.ToValidUTF8(fmt.Sprintf(format, args...), "?")) + "\n")
}

func (d *draft) head() {
	d.line("# yaml-language-server: $schema=%s", Schema)
	d.line("#")
	d.line("# Drafted by `headgate init`. Look at the lines that say check. What a key means:")
	d.line("# headgate explain replay.compare")
	if !d.Runs() {
		d.line("#")
		d.line("# It does not run yet: no captured traffic was found. Start the service, record traffic in front of")
		d.line("# it and of what it calls, send it some requests, and end the recording with Ctrl-C:")
		d.line("#   %s", d.Record())
		d.line("# or, which also records what the service calls through HTTP_PROXY, as curl, Python and Go do:")
		d.line("#   %s", d.RecordCommand())
	}
	d.line("version: 1")
	d.line("name: %s", scalar(d.Service()))
	d.line("")
}

// Record is the command that records the traffic that a run needs.
func (f *Findings) Record() string {
	text := "headgate record --name " + f.Service() + " --listen 127.0.0.1:8080 --target http://127.0.0.1:9090"
	if len(f.Captures.Upstreams) == 0 {
		text += " --upstream NAME=127.0.0.1:8081=http://127.0.0.1:9001"
	}
	return text + " --out captured/"
}

// RecordCommand is the command that starts the service and records it.
func (f *Findings) RecordCommand() string {
	return "headgate record --name " + f.Service() + " --app-port 8080 --out captured/ -- COMMAND"
}

func (d *draft) backends() {
	if n := d.Captures.Queries; n > 0 {
		d.line("# check: the service needs a database (databases:): %s", count(n, "recorded Postgres statement"))
	}
	if len(d.Captures.Upstreams) == 0 {
		d.line("# No outbound calls were found in captures: nothing is mocked. With a capture of them:")
		d.line("# backends:")
		d.line("#   mocks:")
		d.line("#     - name: payment-api")
		d.line("#       stubs: ./captured/payment-api/")
		d.line("")
		return
	}
	d.line("backends:                               # mocks, built from the captured outbound calls")
	d.line("  mocks:")
	for _, u := range d.Captures.Upstreams {
		d.line("    - name: %s  # %s", name(u.Name), count(u.Calls, "recorded call"))
		d.line("      stubs: %s", name(u.Path()))
		d.unmatched(u.Redacted)
		d.line(`      gates: {match_rate: "== 1", unmatched_requests: "== 0"}`)
	}
	d.line("")
}

// unmatched leaves out of the comparison of calls what the capture does not hold.
func (d *draft) unmatched(r Redacted) {
	var ignored []string
	if len(r.Query) > 0 {
		ignored = append(ignored, "query: "+list(names(r.Query)))
	}
	if len(r.JSON) > 0 {
		ignored = append(ignored, "json: "+list(names(r.JSON)))
	}
	if len(ignored) > 0 {
		d.line("      match: {ignore: {%s}}  # REDACTED in the capture", strings.Join(ignored, ", "))
	}
}

func (d *draft) sut() {
	if len(d.Starts) == 0 {
		d.line("# No start command was found (a Go main package, package.json, Procfile, Dockerfile): the replay goes")
		d.line("# to a service that is running already. To have it started:")
		d.line("# sut:")
		d.line("#   apps:")
		d.line("#     - name: %s", d.Service())
		d.line("#       command: [./%s, --port, \"${self.port}\"]", d.Service())
		d.compose("#       ")
		d.line("")
		return
	}
	first := d.Starts[0]
	d.line("sut:                                    # the changed service")
	d.line("  apps:")
	d.line("    - name: %s", scalar(d.Service()))
	if first.Dir != "" {
		d.line("      dir: %s", name(first.Dir))
	}
	if len(first.Build) > 0 {
		d.line("      build: {command: %s}", list(first.Build))
	}
	d.line("      command: %s  # from %s", list(first.Command), first.From)
	for _, other := range d.Starts[1:min(len(d.Starts), 6)] {
		d.line("      # or, from %s: command: %s", other.From, list(other.Command))
	}
	d.line("      # check: the service must listen on the port in the variable PORT; else say so with port: 8080")
	d.environment()
	if len(d.Health) > 0 {
		d.line("      ready: {http: %s}  # check: found in the sources", scalar(d.Health[0]))
	} else {
		d.line("      # ready: {http: /healthz}           # without it: when the port is open")
	}
	d.compose("      ")
	d.line(`      gates: {new_log_errors: "== 0"}`)
	d.line("")
}

// environment tells the service where the mocks are.
func (d *draft) environment() {
	if len(d.Captures.Upstreams) == 0 {
		return
	}
	d.line("      env:")
	left := d.Variables
	var guesses []string
	for _, u := range d.Captures.Upstreams {
		variable, found := variableFor(u.Name, left)
		if !found && len(d.Captures.Upstreams) == 1 && len(d.Variables) == 1 {
			variable = d.Variables[0]
		}
		left = without(left, variable)
		switch {
		case !referable.MatchString(u.Name):
			guesses = append(guesses, "the mock "+u.Name+" cannot be named in ${...}: rename its service in the capture")
		case found:
			d.line("        %s: ${mocks.%s.url}", variable, u.Name)
		default:
			d.line("        %s: ${mocks.%s.url}  # check: the variable's name is a guess", variable, u.Name)
		}
	}
	for _, g := range guesses {
		d.line("        # check: %s", g)
	}
	if len(left) > 0 {
		d.line("        # other variables in the sources: %s", strings.Join(left[:min(len(left), 8)], ", "))
	}
}

var referable = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// compose lists what compose files describe, as a hint at what else the service needs.
func (d *draft) compose(indent string) {
	for _, c := range d.Compose {
		d.line("%s# check: %s starts %s, which the service may need", indent, c.Path, strings.Join(c.Services, ", "))
	}
	if indent[0] == '#' {
		return
	}
	for _, path := range d.OpenAPI[:min(len(d.OpenAPI), 3)] {
		d.line("%s# %s describes the API", indent, path)
	}
}

func (d *draft) quality() {
	d.line("quality_gates:                          # headgate explain gates, headgate explain metrics")
	d.line(`  status_pass_rate: "== 1"`)
	d.line(`  body_match_rate: "== 1"`)
	if len(d.Captures.Upstreams) > 0 {
		d.line(`  mock_match_rate: "== 1"`)
	}
	const forP95 = 72
	if d.Captures.Requests >= forP95 {
		d.line(`  # latency_p95: "<= 200ms"             # check: a limit that the service keeps`)
	}
	d.line("")
}

func (d *draft) replay() {
	d.line("replay:")
	if len(d.Starts) > 0 {
		d.line("  target: %s", scalar(d.Service()))
	} else {
		d.line("  target: http://127.0.0.1:8080         # check: where the service runs")
	}
	switch {
	case !d.Runs():
		d.line("  traffic: ./captured/%s/", d.Service())
	case len(d.Captures.Inbound) > 4:
		d.line("  traffic: %s  # %s", name(common(d.Captures.Inbound)), count(d.Captures.Requests, "request"))
	default:
		d.line("  traffic: {sources: %s}  # %s", list(names(d.Captures.Inbound)), count(d.Captures.Requests, "request"))
	}
	d.line("  time_scale: 10x                       # ten times as fast as recorded")
	d.asked()
	d.line("  # A difference that is meant gets a rule; each run suggests them:")
	if hidden := d.Captures.Answered.JSON; len(hidden) > 0 {
		d.line("  compare:")
		d.line("    match:                              # REDACTED in the capture: that it is a text is compared")
		for _, path := range hidden {
			d.line("      %s: string", strconv.Quote(unexpanded(path)))
		}
		return
	}
	d.line("  # compare:")
	d.line("  #   match: {\"$.id\": uuid, \"$..created_at\": datetime}")
	d.line("  #   ignore: {headers: [Date]}")
}

// asked says what the recorded requests do not hold: the service may refuse them.
func (d *draft) asked() {
	r := d.Captures.Asked
	for _, of := range []struct {
		kind   string
		places []string
	}{{"header", r.Headers}, {"query parameter", r.Query}, {"JSON body", r.JSON}} {
		for _, place := range of.places {
			d.line("  # check: REDACTED is sent in the %s %s, which the service may refuse", of.kind, place)
		}
	}
	if len(r.Headers) > 0 {
		d.line("  # To send what it takes, at the top level:")
		d.line("  # traffic: {transforms: [{set_header: {%s: \"...\"}}]}", r.Headers[0])
	}
}

// name writes a name that was found, in which nothing is to be filled in.
func name(text string) string { return scalar(unexpanded(text)) }

func names(list []string) []string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = unexpanded(text)
	}
	return out
}

// unexpanded keeps a ${NAME} of others from being taken for one of the run file.
func unexpanded(text string) string { return strings.ReplaceAll(text, "${", "$${") }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// scalar writes a text so that YAML reads it as one.
func scalar(text string) string {
	if regexp.MustCompile(`^[A-Za-z./][A-Za-z0-9._/-]*$`).MatchString(text) && text != "true" && text != "false" &&
		text != "null" && text != "yes" && text != "no" && text != "on" && text != "off" {
		return text
	}
	return strconv.Quote(text)
}

func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = scalar(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
