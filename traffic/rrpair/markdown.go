package rrpair

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// fromMarkdown reads the sections of a file. The last one holds the whole pair as JSON, the base of
// truth; the sections before it are what people read and may have changed.
func fromMarkdown(text []byte) (*pair, error) {
	sections, err := split(string(text))
	if err != nil {
		return nil, err
	}
	p := &pair{}
	coded, ok := strings.CutPrefix(strings.TrimSpace(sections["INTERNAL"]), "json:")
	if !ok {
		return nil, errors.New("no INTERNAL section with the line json: {...}, where the status of the answer is")
	}
	if err := json.Unmarshal([]byte(coded), p); err != nil {
		if _, unfit := errors.AsType[*json.SyntaxError](err); unfit {
			err = fmt.Errorf("%w within its INTERNAL section: %w", traffic.ErrTruncated, err)
		}
		return nil, err
	}
	if p.HTTP == nil || p.HTTP.Request == nil {
		return p, nil
	}
	if err := p.metadata(sections["METADATA"]); err != nil {
		return nil, err
	}
	if request, ok := sections["REQUEST"]; ok {
		if err := p.HTTP.Request.overlay(request); err != nil {
			return nil, fmt.Errorf("REQUEST: %w", err)
		}
	}
	if response, ok := sections["RESPONSE"]; ok && p.HTTP.Response != nil {
		if err := p.HTTP.Response.overlay(response); err != nil {
			return nil, fmt.Errorf("RESPONSE: %w", err)
		}
	}
	return p, nil
}

// split finds the sections by the first word of their titles.
func split(text string) (map[string]string, error) {
	sections := map[string]string{}
	title := ""
	var body strings.Builder
	for line := range strings.Lines(text) {
		next, ok := heading(line)
		if !ok {
			body.WriteString(line)
			continue
		}
		if _, twice := sections[next]; twice || next == title {
			return nil, fmt.Errorf("two sections %s: expected one pair in each file", next)
		}
		sections[title] = body.String()
		body.Reset()
		title = next
	}
	sections[title] = body.String()
	for title, text := range sections {
		bare, err := unfenced(text)
		if err != nil {
			return nil, fmt.Errorf("%w within its %s section", err, title)
		}
		sections[title] = bare
	}
	return sections, nil
}

// unfenced takes away the lines of ``` around the blocks of a section: proxymock puts one around the head of a
// message and one around its body, which may have such lines of its own. An empty line then stands between
// the two. Text without them, as older versions wrote it, stays as it is.
func unfenced(text string) (string, error) {
	whole := text
	if text = strings.TrimLeft(text, "\r\n"); strings.HasPrefix(text, "```\r\n") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	rest, ok := strings.CutPrefix(text, fence)
	if !ok {
		return whole, nil
	}
	head, rest, ok := strings.Cut("\n"+rest, "\n"+fence)
	if !ok {
		return "", traffic.ErrTruncated
	}
	head = strings.TrimPrefix(head, "\n") + "\n"
	body, ok := strings.CutPrefix(strings.TrimLeft(rest, "\n"), fence)
	if !ok {
		return head, nil
	}
	if body, ok = strings.CutSuffix("\n"+strings.TrimRight(body, "\n")+"\n", "\n"+fence); !ok {
		return "", traffic.ErrTruncated
	}
	return head + "\n" + strings.TrimPrefix(body, "\n"), nil
}

// fence begins and ends a block.
const fence = "```\n"

// heading reads "### REQUEST (TEST) ###". What only looks like one belongs to a body.
func heading(line string) (title string, ok bool) {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "### ") || !strings.HasSuffix(line, " ###") {
		return "", false
	}
	title, _, _ = strings.Cut(strings.TrimPrefix(line, "### "), " ")
	known := []string{"REQUEST", "RESPONSE", "SIGNATURE", "METADATA", "INTERNAL"}
	return title, slices.Contains(known, title)
}

func (p *pair) metadata(text string) error {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "direction":
			p.Direction = value
		case "uuid":
			p.UUID = value
		case "ts":
			p.Time = value
		case "duration":
			took, err := time.ParseDuration(value)
			if err != nil {
				return fmt.Errorf("METADATA: duration is %.40q: expected one such as 155ms", value)
			}
			p.Duration = float64(took) / float64(time.Millisecond)
		}
	}
	return nil
}

// overlay takes over what the section says: a request line, headers, an empty line, the body.
func (r *request) overlay(text string) error {
	line, rest, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return fmt.Errorf("it begins with %.60q: expected a line such as GET http://host/path HTTP/1.1", line)
	}
	host, target, err := http1.SplitURL(fields[1])
	if err != nil {
		return err
	}
	r.Method, r.Host, r.URI = fields[0], host, target
	headers, body, err := message(rest)
	if err != nil {
		return err
	}
	r.Headers = merged(r.Headers, headers)
	r.body, err = shown(r.Body, body)
	return err
}

// overlay takes over what the section says: perhaps a status line, headers, an empty line, the body.
func (r *response) overlay(text string) error {
	if line, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(line, "HTTP/") {
		fields := strings.Fields(line)
		if len(fields) > 1 {
			status, err := strconv.Atoi(fields[1])
			if err != nil {
				return fmt.Errorf("the status is %.40q: expected a number", fields[1])
			}
			r.Status = status
		}
		text = rest
	}
	headers, body, err := message(text)
	if err != nil {
		return err
	}
	r.Headers = merged(r.Headers, headers)
	r.body, err = shown(r.Body, body)
	return err
}

// message reads headers, each on one line with its values joined, and the body behind an empty line.
func message(text string) (headers map[string]string, body string, err error) {
	headers = map[string]string{}
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, "", fmt.Errorf("found %.60q: expected a header such as Accept: */*", line)
		}
		headers[name] = strings.TrimSpace(value)
	}
	return headers, strings.Trim(text, "\r\n"), nil
}

// merged keeps the recorded values of headers that are shown as they were, and takes the others.
func merged(recorded map[string][]string, shown map[string]string) map[string][]string {
	out := make(map[string][]string, len(shown))
	for name, text := range shown {
		values := separate(text)
		if before, ok := recorded[name]; ok && slices.Equal(separate(strings.Join(before, ", ")), separate(
			strings.ReplaceAll(text, `\,`, ","))) {
			values = before
		}
		out[name] = values
	}
	if length, ok := recorded["Content-Length"]; ok { // never shown
		out["Content-Length"] = length
	}
	return out
}

// separate splits joined values: commas within one are escaped.
func separate(text string) []string {
	var list []string
	var value strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == ',' || text[i+1] == '\\'):
			i++
			value.WriteByte(text[i])
		case strings.HasPrefix(text[i:], ", "):
			list = append(list, value.String())
			value.Reset()
			i++
		default:
			value.WriteByte(text[i])
		}
	}
	return append(list, value.String())
}

// shown is the body as the section shows it, or nil where it is the recorded one: JSON and HTML are
// printed prettily, and what is no text is not shown.
func shown(recorded, text string) ([]byte, error) {
	if recorded == "" && text == "" {
		return nil, nil
	}
	before, err := base64.StdEncoding.DecodeString(recorded)
	if err != nil {
		return nil, err
	}
	after := compact([]byte(text))
	switch {
	case recorded != "" && !utf8.Valid(before), bytes.Equal(compact(before), after):
		return nil, nil
	case !json.Valid(before) && bare(string(before)) == bare(text):
		return nil, nil
	case text == "":
		return []byte{}, nil
	}
	return after, nil
}

// bare takes out all white space.
func bare(text string) string { return strings.Join(strings.Fields(text), "") }

// compact takes the white space out of JSON; all else stays.
func compact(b []byte) []byte {
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		return b
	}
	return out.Bytes()
}
