package traffic

import (
	"errors"
	"fmt"
	"time"
)

// lastYear is the last one that RFC 3339 can write.
const lastYear = 9999

// Check tells what of a record is not as the published form needs it; a record without such an error can be
// written and read again.
func (r *Record) Check() error {
	switch {
	case r.ID == "":
		return errors.New("it has no id")
	case r.Time.Year() < 0 || r.Time.Year() > lastYear:
		return fmt.Errorf("its time is in the year %d: expected one up to %d", r.Time.Year(), lastYear)
	case r.Duration < 0 || float64(r.Duration)/float64(time.Millisecond) > maxDurationMS:
		return fmt.Errorf("it took %s: expected up to %.0f ms", r.Duration, maxDurationMS)
	case r.Request == nil:
		return errors.New("it has no request")
	case r.Protocol == Postgres && r.Request.Query == nil:
		return errors.New("it has no query")
	case r.Protocol == Postgres:
		return nil
	case !isToken(r.Request.Method):
		return fmt.Errorf("its method is %.40q: expected one such as GET", r.Request.Method)
	case r.Request.URL == "":
		return errors.New("it has no request target, such as /orders?limit=10")
	case r.Response != nil && (r.Response.Status < 100 || r.Response.Status > 999):
		return fmt.Errorf("its status is %d: expected one from 100 to 999", r.Response.Status)
	}
	return nil
}
