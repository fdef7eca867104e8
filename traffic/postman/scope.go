package postman

import (
	"fmt"
	"maps"
	"strings"
)

// folder is what a folder hands down to its requests; the first one is the collection itself.
type folder struct {
	parent    int // its number, -1 of the collection
	name      string
	variables []variable
	auth      *auth
}

type variable struct {
	Key      string `json:"key"`
	ID       string `json:"id"`
	Value    any    `json:"value"`
	Disabled bool   `json:"disabled"`
}

// scope is what holds for a request: the variables and the authorization of all folders around it.
type scope struct {
	name, session string
	values        map[string]string
	auth          *auth
}

// scope is what a folder hands down.
func (c *collection) scope(number int) scope {
	f := &c.folders[number]
	if f.parent < 0 {
		return scope{auth: f.auth}.with(f.variables)
	}
	s := c.scope(f.parent).with(f.variables)
	s.session = strings.TrimPrefix(s.session+"/"+f.name, "/")
	if f.auth != nil {
		s.auth = f.auth
	}
	return s
}

// with adds variables, which count for more than those of the folders above.
func (s scope) with(list []variable) scope {
	if len(list) == 0 {
		return s
	}
	values := make(map[string]string, len(s.values)+len(list))
	maps.Copy(values, s.values)
	for _, v := range list {
		key := v.Key
		if key == "" {
			key = v.ID
		}
		if text := plain(v.Value); !v.Disabled && text != "" {
			values[key] = text
		}
	}
	s.values = values
	return s
}

// plain is a value as text, empty where it is null.
func plain(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}
