package correlate

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/headgate-dev/headgate/traffic"
)

const (
	// maxFields bounds how many values of a page are looked at.
	maxFields = 5000
	// maxElement bounds how much of a page is held at once: a tag, or a text.
	maxElement = 1 << 20
)

func isHTML(media string, body []byte) bool {
	if media == "text/html" || media == "application/xhtml+xml" {
		return true
	}
	start := bytes.TrimLeft(body[:min(len(body), 100)], " \t\r\n\ufeff")
	return len(start) >= 9 && bytes.EqualFold(start[:9], []byte("<!doctype")) || bytes.HasPrefix(start, []byte("<html"))
}

// field is a value of a page that its forms, links and scripts put into requests.
type field struct {
	// name is that of the input, meta element or attribute.
	name, value string
	// address is true for what leads to other pages; a form's own fields are trusted.
	address, trusted bool
}

// key tells which fields of two pages belong together, in their order.
func (f field) key() string {
	if !f.address {
		return f.name
	}
	path, _, _ := strings.Cut(f.value, "?")
	return f.name + " " + traffic.Template(path)
}

// page looks at the fields of two HTML pages, and at the JSON in their scripts.
func (l *lesson) page(recorded, actual []byte) {
	was, data := fields(recorded)
	var now []field
	var others []string
	if l.linker == nil {
		now, others = fields(actual)
	}
	found := make(map[string][]string)
	for _, f := range now {
		found[f.key()] = append(found[f.key()], f.value)
	}
	met := make(map[string]int)
	for _, f := range was {
		key := f.key()
		k := met[key]
		met[key]++
		s := sighting{recorded: f.value, place: l.place(inHTML, f.name), lost: k >= len(found[key])}
		if !s.lost {
			s.actual = found[key][k]
		}
		s.where = s.place
		l.field(f, s)
	}
	for k, text := range data {
		other := ""
		if k < len(others) {
			other = others[k]
		}
		l.document([]byte(text), []byte(other))
	}
}

func (l *lesson) field(f field, s sighting) {
	if f.address {
		l.address(s)
		return
	}
	s = named(s, f.name)
	s.trusted = s.trusted || f.trusted
	l.leaf(s)
}

// fields are the values of a page, and the texts of its JSON scripts.
func fields(page []byte) (list []field, data []string) {
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(maxElement)
	script := false
	for len(list) < maxFields {
		switch z.Next() {
		case html.ErrorToken:
			return list, data
		case html.TextToken:
			if script && len(data) < maxFields {
				data = append(data, string(z.Text()))
			}
		case html.EndTagToken:
			script = false
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			attributes := readAttributes(z, more)
			script = tag == "script" && strings.HasSuffix(mediaType(attributes["type"]), "json")
			list = appendFields(list, tag, attributes)
		}
	}
	return list, data
}

func readAttributes(z *html.Tokenizer, more bool) map[string]string {
	if !more {
		return nil
	}
	attributes := make(map[string]string)
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		attributes[string(key)] = string(value)
	}
	return attributes
}

// appendFields appends what one element has, in an order that does not depend on how it is written.
func appendFields(list []field, tag string, attributes map[string]string) []field {
	add := func(name, value string, trusted bool) {
		if name != "" && value != "" {
			list = append(list, field{name: name, value: value, trusted: trusted})
		}
	}
	switch tag {
	case "input":
		add(attributes["name"], attributes["value"], attributes["type"] == "hidden")
	case "meta":
		add(attributes["name"], attributes["content"], false)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		switch {
		case name == "href" || name == "action" || name == "formaction" || strings.HasPrefix(name, "hx-"):
			if tag != "base" && leads(value) {
				list = append(list, field{name: name, value: value, address: true})
			}
		case strings.HasPrefix(name, "data-"):
			add(name, value, false)
		}
	}
	return list
}

// leads tells whether a value is an address of the service.
func leads(value string) bool {
	if value == "" || value[0] == '#' {
		return false
	}
	scheme, _, ok := strings.Cut(value, ":")
	return !ok || scheme == "http" || scheme == "https" || strings.ContainsAny(scheme, "/?")
}
