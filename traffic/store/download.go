package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"
)

// download reads an object. Where the connection breaks it goes on at the same place, of the same version
// of the object.
type download struct {
	*buckets
	place

	//nolint:containedctx // a reader has no other way to it
	ctx      context.Context
	location string
	// next is what is read next, end the first byte that is not; 0 is the end of the object.
	next, end int64
	etag      string
	body      io.ReadCloser
	failures  int
}

// mostFailures is how often a connection may break while nothing comes through.
const mostFailures = 5

func (d *download) open() error {
	options := minio.GetObjectOptions{}
	if d.etag != "" {
		if err := options.SetMatchETag(d.etag); err != nil {
			return err
		}
	}
	var err error
	switch {
	case d.end > 0:
		err = options.SetRange(d.next, d.end-1)
	case d.next > 0:
		err = options.SetRange(d.next, 0)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", d.location, err)
	}
	body, info, _, err := minio.Core{Client: d.client}.GetObject(d.ctx, d.bucket, d.key, options)
	if err != nil {
		return d.explain(d.ctx, d.location, err)
	}
	d.body, d.etag = body, info.ETag
	return nil
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	for {
		n, err := d.body.Read(p)
		d.next += int64(n)
		if n > 0 {
			d.failures = 0
			return n, nil
		}
		switch {
		case err == nil || errors.Is(err, io.EOF):
			return 0, err
		case d.ctx.Err() != nil:
			return 0, context.Cause(d.ctx)
		}
		if d.failures++; d.failures == mostFailures {
			return 0, d.explain(d.ctx, d.location, err)
		}
		d.body.Close()
		if err := d.open(); err != nil {
			return 0, err
		}
	}
}

// Close implements io.Closer.
func (d *download) Close() error { return d.body.Close() }
