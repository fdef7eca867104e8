package capture

import (
	"errors"
	"net/http"

	"github.com/headgate-dev/headgate/traffic/coding"
)

// decode undoes the content codings of a body. A coding that is not known, and a body that is not coded
// as its header says, are left as they are; then clear is false. The only error is [coding.ErrTooLarge].
func decode(body []byte, h http.Header, limit int64) (plain []byte, clear bool, err error) {
	plain, clear, err = coding.Undo(h.Values("Content-Encoding"), body, int(limit))
	switch {
	case err == nil:
		return plain, clear, nil
	case errors.Is(err, coding.ErrTooLarge):
		return nil, false, err
	}
	return body, false, nil
}
