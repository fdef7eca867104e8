package har

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/headgate-dev/headgate/traffic/jsonarray"
)

// decode reads an entry. encoding/json reads what is not as expected, and says what is wrong with it; it would
// do for all of them, at two thirds of the speed. The stream is only there to be used again.
func decode(s *jsonarray.Stream, raw []byte) (*entry, error) {
	e := &entry{}
	if d := (decoder{s.Over(raw)}); d.entry(e) == nil {
		return e, nil
	}
	e = &entry{}
	return e, json.Unmarshal(raw, e)
}

// decoder reads what tools write; whatever else encoding/json may make something of is an error.
type decoder struct{ *jsonarray.Stream }

// errOther stands for what is not as expected.
var errOther = errors.New("not as expected")

func (d decoder) entry(e *entry) error {
	return d.object(func(key string) error {
		switch key {
		case "startedDateTime":
			return d.text(&e.Started)
		case "time":
			return d.value(&e.Time)
		case "timings":
			return d.value(&e.Timings)
		case "request":
			return once(&e.Request, d.request)
		case "response":
			return once(&e.Response, d.response)
		case "_resourceType":
			return d.text(&e.ResourceType)
		case "_headgate":
			return d.value(&e.Own)
		}
		return d.pass(key)
	})
}

func (d decoder) request(r *request) error {
	return d.object(func(key string) error {
		switch key {
		case "method":
			return d.text(&r.Method)
		case "url":
			return d.text(&r.URL)
		case "headers":
			return d.fields(&r.Headers)
		case "postData":
			return once(&r.PostData, d.postData)
		}
		return d.pass(key)
	})
}

func (d decoder) postData(p *postData) error {
	return d.object(func(key string) error {
		switch key {
		case "mimeType":
			return d.text(&p.MIMEType)
		case "text":
			return d.text(&p.Text)
		case "encoding":
			return d.text(&p.Encoding)
		case "params":
			return d.value(&p.Params)
		}
		return d.pass(key)
	})
}

func (d decoder) response(r *response) error {
	return d.object(func(key string) error {
		switch key {
		case "status":
			return d.value(&r.Status)
		case "headers":
			return d.fields(&r.Headers)
		case "content":
			return d.content(&r.Content)
		}
		return d.pass(key)
	})
}

func (d decoder) content(c *content) error {
	return d.object(func(key string) error {
		switch key {
		case "size":
			return d.value(&c.Size)
		case "text":
			return once(&c.Text, d.text)
		case "encoding":
			return d.text(&c.Encoding)
		case "_file":
			return d.text(&c.File)
		case "_sha1":
			return d.text(&c.SHA1)
		}
		return d.pass(key)
	})
}

func (d decoder) fields(list *[]field) error {
	if *list != nil {
		return errOther
	}
	if err := d.Enter('['); err != nil {
		return err
	}
	*list = make([]field, 0, 16)
	for {
		if more, err := d.More(); err != nil || !more {
			return err
		}
		var f field
		err := d.object(func(key string) error {
			switch key {
			case "name":
				return d.text(&f.Name)
			case "value":
				return d.text(&f.Value)
			}
			return d.pass(key)
		})
		if err != nil {
			return err
		}
		*list = append(*list, f)
	}
}

// object reads an object member by member.
func (d decoder) object(member func(key string) error) error {
	if err := d.Enter('{'); err != nil {
		return err
	}
	for {
		if more, err := d.More(); err != nil || !more {
			return err
		}
		key, err := d.Key()
		if err == nil {
			err = member(key)
		}
		if err != nil {
			return err
		}
	}
}

// once reads what is not there yet.
func once[T any](into **T, read func(*T) error) error {
	if *into != nil {
		return errOther
	}
	*into = new(T)
	return read(*into)
}

func (d decoder) text(into *string) error {
	raw, err := d.Value(jsonarray.MaxElement)
	if err == nil && raw[0] != '"' {
		return errOther
	}
	if err == nil {
		*into, err = jsonarray.Text(raw)
	}
	return err
}

// value is for what is small, or rare.
func (d decoder) value(into any) error {
	raw, err := d.Value(jsonarray.MaxElement)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	return err
}

// pass passes over a member that is not read, unless its name is one that is read but for its case.
func (d decoder) pass(key string) error {
	for _, name := range [...]string{
		"startedDateTime", "time", "timings", "request", "response", "_resourceType", "_headgate", "method", "url",
		"headers", "postData", "mimeType", "text", "encoding", "params", "status", "content", "size", "_file", "_sha1",
		"name", "value",
	} {
		if key != name && strings.EqualFold(key, name) {
			return errOther
		}
	}
	raw, err := d.Value(jsonarray.MaxElement)
	if err == nil && !json.Valid(raw) {
		return errOther
	}
	return err
}
