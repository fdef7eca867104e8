package engine

import (
	"errors"
	"io"
)

// Close frees what the phases hold from the moment they are made, such as temporary files. It is called
// when no run is under way any more, and may be called again.
func (e *Engine) Close() error {
	var errs []error
	for _, p := range e.Phases {
		if c, ok := p.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
