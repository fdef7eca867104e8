package mocks

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// Listener is something that happens after an answer, as it was written.
type Listener struct {
	Name       string          `json:"name"`
	Phases     []string        `json:"requestPhases,omitempty"`
	Parameters json.RawMessage `json:"parameters,omitempty"`

	webhook *Webhook
}

// Webhook is a request that is sent after an answer. All its texts are templates of what [Webhook.Render]
// knows.
type Webhook struct {
	Method     string            `json:"method"`
	URL        string            `json:"url"`
	Headers    map[string]Values `json:"headers"`
	Body       string            `json:"body"`
	Base64Body []byte            `json:"base64Body"`
	Delay      *Delay            `json:"-"`
	// Parameters are all parameters, those that a template made up included.
	Parameters map[string]any `json:"-"`

	texts map[string]*handlebars.Template
}

// Webhooks are the requests to send after the stub's answer.
func (s *Stub) Webhooks() []*Webhook {
	var hooks []*Webhook
	for _, l := range s.Listeners {
		if l.webhook != nil {
			hooks = append(hooks, l.webhook)
		}
	}
	return hooks
}

// listeners reads a list of listeners, or the older object by name.
func (d *decoder) listeners(path string, raw json.RawMessage, s *Stub) {
	if strings.HasPrefix(string(raw), "{") {
		f := d.fields(path, raw)
		for _, name := range f.names() {
			l := Listener{Name: name, Parameters: f[name]}
			d.listener(path+"."+name, path+"."+name, &l)
			s.Listeners = append(s.Listeners, l)
		}
		return
	}
	d.list(path, raw, func(path string, raw json.RawMessage) {
		var l Listener
		d.object(path, raw, map[string]take{
			"name":          into(d, &l.Name, "a name"),
			"parameters":    into(d, &l.Parameters, "an object"),
			"requestPhases": into(d, &l.Phases, "a list of phases"),
		}, nil)
		d.listener(path, path+".parameters", &l)
		s.Listeners = append(s.Listeners, l)
	})
}

func (d *decoder) listener(path, parameters string, l *Listener) {
	for _, phase := range l.Phases {
		if phase != "AFTER_COMPLETE" {
			d.problem(path+".requestPhases", "expected AFTER_COMPLETE, got %q", phase)
		}
	}
	if l.Name != "webhook" {
		if !d.options.Lenient {
			d.problem(path, "%q is an extension in Java; only webhook is supported", l.Name)
		}
		return
	}
	w := &Webhook{Method: "GET"}
	d.object(parameters, l.Parameters, d.webhookFields(parameters, l, w), nil)
	if w.URL == "" {
		d.problem(parameters+".url", "is missing")
	}
	if err := w.compile(); err != nil {
		d.problem(parameters, "%v", err)
	}
	l.webhook = w
}

// webhookFields take any name: those that are not the webhook's own are parameters of its templates.
func (d *decoder) webhookFields(path string, l *Listener, w *Webhook) map[string]take {
	known := map[string]take{
		"method":     into(d, &w.Method, "a method"),
		"url":        into(d, &w.URL, "a URL"),
		"headers":    into(d, &w.Headers, "an object of strings or lists of strings"),
		"body":       into(d, &w.Body, "a string"),
		"base64Body": into(d, &w.Base64Body, "base64 text"),
		"delay":      func(path string, raw json.RawMessage) { w.Delay = d.delay(path, raw) },
		"type":       into(d, new(string), "a string"),
	}
	into(d, &w.Parameters, "an object")(path, l.Parameters)
	for name := range w.Parameters {
		if known[name] == nil {
			known[name] = func(string, json.RawMessage) {}
		}
	}
	return known
}

// sources are the webhook's templates by the place they stand in.
func (w *Webhook) sources() map[string]string {
	sources := map[string]string{"method": w.Method, "url": w.URL, "body": w.Body}
	for name, values := range w.Headers {
		for i, v := range values {
			sources[headerPlace(name, i)] = v
		}
	}
	return sources
}

func (w *Webhook) compile() error {
	w.texts = map[string]*handlebars.Template{}
	return compileTemplates(w.texts, w.sources())
}

// Render fills the templates in. c.Request is the request that was answered; templates know it as
// originalRequest.
func (w *Webhook) Render(ctx context.Context, c RenderContext) (*Webhook, error) {
	out := &Webhook{Base64Body: w.Base64Body, Delay: w.Delay, Headers: map[string]Values{}}
	model := map[string]any{"originalRequest": c.requestModel(), "parameters": w.Parameters}
	e, stop := c.evaluation(ctx, model)
	defer stop()
	out.Method = strings.ToUpper(e.text(w.texts["method"], w.Method))
	out.URL = e.text(w.texts["url"], w.URL)
	out.Body = e.text(w.texts["body"], w.Body)
	for name, values := range w.Headers {
		out.Headers[name] = slices.Clone(values)
		for i, v := range values {
			out.Headers[name][i] = e.text(w.texts[headerPlace(name, i)], v)
		}
	}
	return out, e.err
}

// Wait is how long to wait before sending.
func (w *Webhook) Wait(random Random) time.Duration { return w.Delay.Draw(random) }
