package http1

import (
	"bytes"
	"errors"

	"github.com/headgate-dev/headgate/traffic"
)

// RequestBlock reads raw as one request, and returns what follows it but for white space. Tools that store
// messages as blocks of bytes may have undone transfer and content coding already and left the headers: where
// the body is not coded as they say, it is taken as it is. A body that is cut off is left out, see
// [traffic.TruncatedHeader].
func RequestBlock(raw []byte) (r *traffic.Request, rest []byte, err error) {
	r, rest, err = Request(raw, true)
	if err == nil || errors.Is(err, ErrIncomplete) {
		return r, bytes.TrimSpace(rest), err
	}
	line, header, body, headErr := head(raw)
	if headErr != nil {
		return nil, nil, headErr
	}
	r = &traffic.Request{Header: header, Body: bytes.Clone(body)}
	if r.Method, r.URL, err = requestLine(line); err != nil {
		return nil, nil, err
	}
	r.Host = header.Get("Host")
	header.Del("Host")
	return r, nil, nil
}

// ResponseBlock reads raw as the response to a request of the given method, as [RequestBlock] does.
func ResponseBlock(raw []byte, method string) (r *traffic.Response, rest []byte, err error) {
	r, rest, err = Response(raw, method, true)
	if err == nil || errors.Is(err, ErrIncomplete) {
		return r, bytes.TrimSpace(rest), err
	}
	line, header, body, headErr := head(raw)
	if headErr != nil {
		return nil, nil, headErr
	}
	r = &traffic.Response{Header: header, Body: bytes.Clone(body)}
	if r.Status, err = statusLine(line); err != nil {
		return nil, nil, err
	}
	return r, nil, nil
}
