package survey

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
)

// Captures are the captured traffic of a folder.
type Captures struct {
	// Inbound are the files with inbound records, Requests how many of those were seen.
	Inbound  []string
	Requests int
	// Service is the name of the service in its inbound records, empty if there is none or several.
	Service string
	// Upstreams are the services that outbound records go to, by name.
	Upstreams []Upstream
	// Asked and Answered are what the inbound records do not hold, of requests and of answers.
	Asked, Answered Redacted
	// Queries is how many Postgres queries were seen, which nothing is mocked of.
	Queries int

	services []string
}

// Upstream is a service that captured outbound calls go to.
type Upstream struct {
	Name  string
	Calls int
	// Redacted is what the recorded calls do not hold.
	Redacted Redacted
	files    []string
}

// Path is the file with the calls, or the folder of all files with calls.
func (u Upstream) Path() string { return common(u.files) }

// common is the file, or the folder that all of several files are in.
func common(files []string) string {
	if len(files) == 1 {
		return files[0]
	}
	dir := path.Dir(path.Clean(files[0]))
	for _, f := range files[1:] {
		for dir != "." && !strings.HasPrefix(path.Clean(f), dir+"/") {
			dir = path.Dir(dir)
		}
	}
	if dir == "." {
		return "./"
	}
	return "./" + dir + "/"
}

// enough is how many records of a file tell what it holds.
const enough = 100_000

// capture looks whether a file is captured traffic.
func (l *look) capture(ctx context.Context, file string) {
	reader, closer, err := formats.Open(ctx, file)
	if err != nil {
		return
	}
	defer closer.Close()
	rel := l.rel(file)
	for n := 0; n < enough && ctx.Err() == nil; n++ {
		r, err := reader.Read()
		_, malformed := errors.AsType[*traffic.MalformedError](err)
		if _, left := errors.AsType[*traffic.LeftOutError](err); malformed || left {
			continue
		}
		if errors.Is(err, io.EOF) || err != nil {
			return
		}
		l.found.Captures.add(rel, r)
	}
}

func (c *Captures) add(file string, r *traffic.Record) {
	if r.Direction == traffic.Inbound {
		c.Requests++
		c.Inbound = appendNew(c.Inbound, file)
		c.services = appendNew(c.services, r.Service)
		c.Asked.head(r.Request.URL, r.Request.Header)
		c.Asked.body(r.Request.Body)
		if r.Response != nil {
			c.Answered.body(r.Response.Body)
		}
		return
	}
	if r.Protocol == traffic.Postgres {
		c.Queries++
		return
	}
	name := r.Service
	if name == "" {
		name = r.Request.Host
	}
	i := slices.IndexFunc(c.Upstreams, func(u Upstream) bool { return u.Name == name })
	if i < 0 {
		i = len(c.Upstreams)
		c.Upstreams = append(c.Upstreams, Upstream{Name: name})
	}
	c.Upstreams[i].Calls++
	c.Upstreams[i].Redacted.head(r.Request.URL, nil)
	c.Upstreams[i].Redacted.body(r.Request.Body)
	c.Upstreams[i].files = appendNew(c.Upstreams[i].files, file)
}

func appendNew(list []string, name string) []string {
	if name == "" || slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

func (c *Captures) finish() {
	if len(c.services) == 1 {
		c.Service = c.services[0]
	}
	c.Upstreams = slices.DeleteFunc(c.Upstreams, func(u Upstream) bool { return u.Name == "" })
	slices.SortFunc(c.Upstreams, func(a, b Upstream) int { return strings.Compare(a.Name, b.Name) })
}
