package tshark

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Names of columns.
const (
	frameNumber   = "frame.number"
	timeEpoch     = "frame.time_epoch"
	stream        = "tcp.stream"
	serverPort    = "tcp.dstport"
	requestMethod = "http.request.method"
	requestURI    = "http.request.uri"
	requestURL    = "http.request.full_uri"
	requestLine   = "http.request.line"
	requestIn     = "http.request_in"
	responseCode  = "http.response.code"
	responseLine  = "http.response.line"
	responseTime  = "http.time"
	contentLength = "http.content_length_header"
	fileData      = "http.file_data"
)

// columns leads from the name of a column to its place.
type columns map[string]int

func (c columns) has(name string) bool {
	_, ok := c[name]
	return ok
}

func isHead(line string) bool {
	return strings.Contains(line, requestMethod) && !strings.ContainsAny(line, " {")
}

// headless tells whether a line is a row of tshark's without names: times in seconds since 1970 and a
// method stand in columns of their own.
func headless(line string) bool {
	cells := cells(line)
	isMethod := func(s string) bool {
		return slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}, s)
	}
	isTime := func(s string) bool {
		seconds, err := strconv.ParseFloat(s, 64)
		return err == nil && seconds > 1e8 && strings.Contains(s, ".")
	}
	return len(cells) > 2 && (slices.ContainsFunc(cells, isMethod) || slices.ContainsFunc(cells, isTime))
}

// cells splits a row. tshark quotes on demand (-E quote=d or s).
func cells(line string) []string {
	list := strings.Split(line, "\t")
	for i, cell := range list {
		for _, quote := range []string{`"`, "'"} {
			if len(cell) > 1 && strings.HasPrefix(cell, quote) && strings.HasSuffix(cell, quote) {
				list[i] = cell[1 : len(cell)-1]
				break
			}
		}
	}
	return list
}

func parseColumns(line string) (columns, error) {
	const again = "write the file anew with: tshark -T fields -E header=y -e frame.time_epoch " +
		"-e http.request.method -e http.request.uri and others"
	if !isHead(line) {
		return nil, errors.New("the first line does not name the columns: " + again)
	}
	c := columns{}
	for i, name := range cells(line) {
		c[name] = i
	}
	if len(c) == 1 {
		return nil, fmt.Errorf("the columns are not separated by tabs: %s", again)
	}
	for _, name := range []string{timeEpoch, requestMethod} {
		if !c.has(name) {
			return nil, fmt.Errorf("there is no column %s: %s", name, again)
		}
	}
	if !c.has(requestURI) && !c.has(requestURL) {
		return nil, fmt.Errorf("there is neither a column %s nor %s: %s", requestURI, requestURL, again)
	}
	return c, nil
}

// split makes values of a row.
func (c columns) split(line string) (values, error) {
	list := cells(line)
	width := 0
	for _, i := range c {
		width = max(width, i+1)
	}
	if len(list) != width {
		return values{}, fmt.Errorf("the row has %d columns: expected %d", len(list), width)
	}
	return values{columns: c, cells: list}, nil
}

// values are one row.
type values struct {
	columns columns
	cells   []string
}

// get is the value of a column, empty where there is none.
func (v values) get(name string) string {
	if i, ok := v.columns[name]; ok {
		return v.cells[i]
	}
	return ""
}

// number is the value of a column, -1 where it is no number.
func (v values) number(name string) int {
	n, err := strconv.Atoi(v.get(name))
	if err != nil {
		return -1
	}
	return n
}

// key joins a response with its request: the frame of the request where responses name it, else the
// connection.
func (v values) key(frame string) string {
	if v.columns.has(requestIn) && v.columns.has(frameNumber) {
		return "frame " + frame
	}
	return "stream " + v.get(stream)
}
