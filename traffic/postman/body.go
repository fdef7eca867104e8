package postman

import (
	"encoding/json"
	"errors"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

type body struct {
	Mode       string   `json:"mode"`
	Raw        string   `json:"raw"`
	URLEncoded []field  `json:"urlencoded"`
	Form       []field  `json:"formdata"`
	GraphQL    *graphQL `json:"graphql"`
	Disabled   bool     `json:"disabled"`
	Options    struct {
		Raw struct {
			Language string `json:"language"`
		} `json:"raw"`
	} `json:"options"`
}

type graphQL struct {
	Query     string `json:"query"`
	Variables string `json:"variables"`
}

// apply gives a request its body, and a Content-Type where it has none. Bodies and fields from files are
// not in the collection: such a body is not there ([traffic.TruncatedHeader]).
func (b *body) apply(out *traffic.Request, s scope) error {
	if b == nil || b.Disabled {
		return nil
	}
	var text, kind string
	var err error
	switch b.Mode {
	case "raw":
		text, kind = b.Raw, rawType(b.Options.Raw.Language)
		text, err = s.fill(text)
	case "graphql":
		kind = "application/json"
		text, err = b.GraphQL.text(s)
	case "urlencoded":
		kind = "application/x-www-form-urlencoded"
		text, err = form(b.URLEncoded, s)
	case "formdata":
		text, kind, err = b.parts(out, s)
	case "file":
		out.Header.Set(traffic.TruncatedHeader, "0")
	}
	if text != "" {
		out.Body = []byte(text)
	}
	if kind != "" && text != "" && out.Header.Get("Content-Type") == "" {
		out.Header.Set("Content-Type", kind)
	}
	return err
}

// rawType is the media type that Postman sends with a language.
func rawType(language string) string {
	return map[string]string{
		"json": "application/json", "xml": "application/xml", "html": "text/html", "text": "text/plain",
		"javascript": "application/javascript", "": "text/plain",
	}[language]
}

func (g *graphQL) text(s scope) (string, error) {
	if g == nil {
		return "", nil
	}
	query, err := s.fill(g.Query)
	if err != nil {
		return "", err
	}
	variables, err := s.fill(g.Variables)
	if err != nil {
		return "", err
	}
	message := map[string]any{"query": query}
	if strings.TrimSpace(variables) != "" {
		if !json.Valid([]byte(variables)) {
			return "", errVariables
		}
		message["variables"] = json.RawMessage(variables)
	}
	text, err := json.Marshal(message)
	return string(text), err
}

func form(list []field, s scope) (string, error) {
	var pairs []string
	for _, f := range list {
		if f.Disabled {
			continue
		}
		key, err := s.fill(f.Key)
		if err != nil {
			return "", err
		}
		value, err := s.fill(plain(f.Value))
		if err != nil {
			return "", err
		}
		pairs = append(pairs, url.QueryEscape(key)+"="+url.QueryEscape(value))
	}
	return strings.Join(pairs, "&"), nil
}

// errVariables tells of variables that cannot be sent.
var errVariables = errors.New("the variables of the GraphQL query are no JSON")

// boundary stands between the parts of a form.
const boundary = "----HeadgateFormBoundary7MA4YWxkTrZu0gW"

// parts writes a multipart form.
func (b *body) parts(out *traffic.Request, s scope) (text, kind string, err error) {
	var buf strings.Builder
	w := multipart.NewWriter(&buf)
	if err := w.SetBoundary(boundary); err != nil {
		return "", "", err
	}
	for _, f := range b.Form {
		if f.Disabled {
			continue
		}
		if f.Type == "file" {
			out.Header.Set(traffic.TruncatedHeader, "0")
			return "", "", nil
		}
		value, err := s.fill(plain(f.Value))
		if err != nil {
			return "", "", err
		}
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {mime.FormatMediaType("form-data", map[string]string{"name": f.Key})},
		})
		if err != nil {
			return "", "", err
		}
		if _, err := part.Write([]byte(value)); err != nil {
			return "", "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", "", err
	}
	out.Header.Del("Content-Type") // it would name another boundary
	return buf.String(), w.FormDataContentType(), nil
}
