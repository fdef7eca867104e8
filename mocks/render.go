package mocks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

// The bounds of one rendering.
const (
	mostRendered     = 16 << 20 // bytes
	mostSteps        = 1_000_000
	longestRendering = 5 * time.Second
)

// RenderContext is what a template may look at.
type RenderContext struct {
	Request *Request
	// Pattern is the stub's, for the names of a path template. It may be nil.
	Pattern *RequestPattern
	Now     time.Time
	Random  Random
}

// Rendered is an answer with its templates filled in.
type Rendered struct {
	Status  int
	Headers map[string]Values
	Body    []byte
	Proxy   Proxy
}

// templates are the compiled texts of one response by the place they stand in; nil where it is none.
type templates map[string]*handlebars.Template

func headerPlace(name string, i int) string { return "header " + name + " " + strconv.Itoa(i) }

// Templated tells whether the answer has to be rendered for each request: it is a template, or its file was
// not there when the stub was loaded.
func (r *Response) Templated() bool { return r.templates != nil || r.late() }

// Render makes the answer to one request. Where the response is no template it is what was written. It
// fails where a template runs over its bounds (16 MiB, five seconds) or the body's file cannot be read.
func (r *Response) Render(ctx context.Context, c RenderContext) (*Rendered, error) {
	out := &Rendered{Status: r.Code(), Headers: r.Headers, Proxy: r.Proxy}
	if r.templates == nil {
		var err error
		if out.Body = r.Payload(); r.late() {
			out.Body, err = r.files(r.BodyFileName)
		}
		return out, err
	}
	e, stop := c.evaluation(ctx, map[string]any{"request": c.requestModel(), "parameters": r.TransformerParameters})
	defer stop()
	out.Headers = e.headers(r.templates, r.Headers)
	out.Proxy.AddHeaders = e.headers(r.templates, r.AddHeaders)
	out.Proxy.BaseURL = e.text(r.templates["proxyBaseUrl"], r.BaseURL)
	out.Body = r.renderBody(e)
	return out, e.err
}

// late tells whether the body's file was not there when the stub was loaded.
func (r *Response) late() bool { return r.BodyFileName != "" && r.file == nil && r.files != nil }

func (r *Response) renderBody(e *evaluation) []byte {
	if t := r.templates["body"]; t != nil {
		return []byte(e.text(t, ""))
	}
	if r.BodyFileName == "" || r.files == nil {
		return r.Payload()
	}
	data := r.file
	if t := r.templates["bodyFileName"]; t != nil || data == nil {
		var err error
		name := e.text(t, r.BodyFileName)
		if data, err = r.files(name); err != nil {
			e.fail(fmt.Errorf("reading %s from __files: %w", name, err))
			return nil
		}
	}
	if r.TransformerParameters["disableBodyFileTemplating"] == true {
		return data
	}
	t, err := handlebars.Parse(string(data))
	if err == nil {
		err = checkCalls(t)
	}
	if err != nil {
		e.fail(err)
		return nil
	}
	return []byte(e.text(t, ""))
}

// evaluation renders several texts with one model and keeps the first error.
type evaluation struct {
	render func(t *handlebars.Template) (string, error)
	err    error
}

func (c RenderContext) evaluation(ctx context.Context, model map[string]any) (*evaluation, context.CancelFunc) {
	ctx, stop := context.WithTimeout(ctx, longestRendering)
	helpers := toolbox{now: c.Now, random: c.Random}.helpers()
	limits := handlebars.Limits{Output: mostRendered, Steps: mostSteps}
	return &evaluation{render: func(t *handlebars.Template) (string, error) {
		return t.Render(ctx, model, helpers, limits)
	}}, stop
}

func (e *evaluation) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// text renders a template, or is the text as it stands where there is no template.
func (e *evaluation) text(t *handlebars.Template, plain string) string {
	if t == nil || e.err != nil {
		return plain
	}
	text, err := e.render(t)
	if err != nil {
		e.fail(err)
	}
	return text
}

func (e *evaluation) headers(t templates, headers map[string]Values) map[string]Values {
	if headers == nil {
		return nil
	}
	out := make(map[string]Values, len(headers))
	for name, values := range headers {
		out[name] = slices.Clone(values)
		for i, v := range values {
			out[name][i] = e.text(t[headerPlace(name, i)], v)
		}
	}
	return out
}

// transformers accepts the one transformer that is built in.
func (d *decoder) transformers(path string, r *Response) {
	for _, name := range r.Transformers {
		if name != responseTemplate && !d.options.Lenient {
			d.problem(path, "%q is an extension in Java; only %s is supported", name, responseTemplate)
		}
	}
}

const responseTemplate = "response-template"

// templates compiles the texts of a templated response, so that mistakes are known when it is loaded.
func (d *decoder) templates(path string, r *Response) {
	if !d.options.Templating && !slices.Contains(r.Transformers, responseTemplate) {
		return
	}
	sources := map[string]string{"proxyBaseUrl": r.BaseURL, "bodyFileName": r.BodyFileName, "body": r.Body}
	if len(r.JSONBody) > 0 {
		sources["body"] = string(r.Payload())
	}
	for _, headers := range []map[string]Values{r.Headers, r.AddHeaders} {
		for name, values := range headers {
			for i, v := range values {
				sources[headerPlace(name, i)] = v
			}
		}
	}
	r.templates = templates{}
	if err := compileTemplates(r.templates, sources); err != nil {
		d.problem(path, "%v", err)
	}
}

// compileTemplates compiles the texts that hold a template at all; mistakes are told by their place.
func compileTemplates(dst map[string]*handlebars.Template, sources map[string]string) error {
	var errs []error
	for _, place := range slices.Sorted(maps.Keys(sources)) {
		if !templateText(sources[place]) {
			continue
		}
		t, err := handlebars.Parse(sources[place])
		if err == nil {
			err = checkCalls(t)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place, err))
		}
		dst[place] = t
	}
	return errors.Join(errs...)
}

// checkCalls refuses helpers that are not there by their names.
func checkCalls(t *handlebars.Template) error {
	var errs []error
	known := toolbox{}.helpers()
	for _, name := range t.Calls() {
		switch {
		case name == "systemValue":
			errs = append(errs, errors.New("the helper systemValue is refused: a mock does not show its environment"))
		case !handlebars.Builtin(name) && known[name] == nil:
			errs = append(errs, fmt.Errorf("the helper %s is not supported", name))
		}
	}
	return errors.Join(errs...)
}
