package junit

import (
	"encoding/xml"
	"fmt"
	"strconv"
)

// The elements, in the form that Jenkins' junit-10.xsd gives them. Beyond it stand file and line of a
// test case, which GitLab and the GitHub actions read.
type document struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	counts
	Time   string  `xml:"time,attr"`
	Suites []suite `xml:"testsuite"`
}

type counts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
}

type suite struct {
	Name string `xml:"name,attr"`
	counts
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"`
	Timestamp  string     `xml:"timestamp,attr"`
	Properties []property `xml:"properties>property,omitempty"`
	Cases      []testcase `xml:"testcase"`
}

type property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type testcase struct {
	Class   string  `xml:"classname,attr"`
	Name    string  `xml:"name,attr"`
	Time    string  `xml:"time,attr"`
	File    string  `xml:"file,attr,omitempty"`
	Line    int     `xml:"line,attr,omitempty"`
	Failure *result `xml:"failure"`
	Error   *result `xml:"error"`
	Skipped *result `xml:"skipped"`
	Out     *output `xml:"system-out"`
}

// output is what a test case that passed has to say.
type output struct {
	Text string `xml:",cdata"`
}

// result says why a test case did not pass. Some consumers show only the message, some only the text.
type result struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",cdata"`
}

func fault(kind, message, text string) *result {
	return &result{Message: headline(message), Type: headline(kind), Text: clean(text)}
}

func (s *suite) add(t testcase) {
	s.Cases = append(s.Cases, t)
	s.Tests++
	switch {
	case t.Error != nil:
		s.Errors++
	case t.Failure != nil:
		s.Failures++
	case t.Skipped != nil:
		s.Skipped++
	}
}

func (d *document) add(s suite) {
	d.Suites = append(d.Suites, s)
	d.Tests += s.Tests
	d.Failures += s.Failures
	d.Errors += s.Errors
}

// names hands out the names of test cases: GitLab drops the second of two cases of one name.
type names map[[2]string]int

func (n names) unique(class, name string) string {
	n[[2]string{class, name}]++
	count := n[[2]string{class, name}]
	if count == 1 {
		return name
	}
	return n.unique(class, fmt.Sprintf("%s (%d)", name, count))
}

// seconds are written with at most three decimals and without an exponent, as the schema wants.
func seconds(s float64) string {
	if !(s >= 0 && s < 1e9) {
		s = 0
	}
	return strconv.FormatFloat(s, 'f', 3, 64)
}
