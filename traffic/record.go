package traffic

import (
	"net/http"
	"net/url"
	"time"
)

// Direction tells which side of the service a record was seen on.
type Direction string

const (
	// Inbound is a request that the service received: it is replayed.
	Inbound Direction = "inbound"
	// Outbound is a request that the service sent to a dependency: mocks are built from it.
	Outbound Direction = "outbound"
)

// Protocol names the wire protocol of a record.
type Protocol string

const (
	// HTTP marks an HTTP exchange.
	HTTP Protocol = "http"
	// Postgres marks a query and its answer on the Postgres wire protocol.
	Postgres Protocol = "postgres"
)

// TruncatedHeader stands in a recorded message whose body was not captured whole and is left out; its
// value is the number of bytes that were seen.
const TruncatedHeader = "X-Headgate-Truncated"

// Record is one recorded exchange. Its JSON form is one line of a .jsonl capture; the schema is
// published as schemas/record.schema.json.
type Record struct {
	// ID is unique within a capture.
	ID string
	// Time is when the first byte of the request was seen, to the nanosecond.
	Time      time.Time
	Direction Direction
	// Service names who answered: the service under test for inbound records, the dependency for
	// outbound ones.
	Service string
	// Session groups the records of one user or client. Empty means: to be inferred.
	Session string
	// Connection names the client connection that the request came on, where the source knows it; the
	// names are unique within a capture.
	Connection string
	// Parent is the ID of the inbound record that caused an outbound one, where it is known.
	Parent   string
	Protocol Protocol
	// Duration is the time from the first byte of the request to the last byte of the response.
	Duration time.Duration
	Request  *Request
	// Response is nil where the source had none; such a record can be replayed, but there is nothing
	// to compare the answer with.
	Response *Response
}

// Request is a recorded HTTP request, or a recorded query: then only Query and Host are set.
type Request struct {
	Method string
	// URL is the request target as it was sent: an origin-form path with query, or an absolute URL.
	URL    string
	Host   string
	Header http.Header
	// Body is decoded: transfer and content codings are undone, the original coding stays in Header.
	Body []byte
	// Query is set in records of the protocol [Postgres] only.
	Query *Query
}

// Target splits the request target into a parsed URL. A target that does not parse comes back with
// Path set to the raw text, so that nothing is lost.
func (r *Request) Target() *url.URL {
	u, err := url.Parse(r.URL)
	if err != nil {
		return &url.URL{Path: r.URL}
	}
	return u
}

// Response is a recorded HTTP response, or the answer to a query: then only Result is set. Body is
// decoded as in [Request].
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Result is set in records of the protocol [Postgres] only.
	Result *Result
}
