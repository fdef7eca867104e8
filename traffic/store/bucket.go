package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/minio/minio-go/v7"
)

// buckets is S3-compatible object storage.
type buckets struct {
	client *minio.Client
	// host is where the storage is, anonymous tells that there are no credentials.
	host      string
	anonymous bool
}

// place is a location taken apart.
type place struct{ bucket, key string }

func parse(location string) (place, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(location, remote), "/")
	if bucket == "" {
		return place{}, fmt.Errorf("%s names no bucket: expected s3://bucket/folder or s3://bucket/file", location)
	}
	return place{bucket, key}, nil
}

// List implements [Store].
func (b *buckets) List(ctx context.Context, location string) ([]Object, error) {
	at, err := parse(location)
	if err != nil {
		return nil, err
	}
	prefix := at.key
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		info, err := b.client.StatObject(ctx, at.bucket, at.key, minio.StatObjectOptions{})
		if err == nil {
			return []Object{b.object(at.bucket, info)}, nil
		}
		if err := b.explain(ctx, location, err); !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		prefix += "/"
	}
	found, some, err := b.below(ctx, at.bucket, prefix)
	switch {
	case err != nil:
		return nil, b.explain(ctx, location, err)
	case !some && at.key != "":
		return nil, fmt.Errorf("%s: %w", location, fs.ErrNotExist)
	}
	return found, nil
}

// below lists the objects whose keys begin with a prefix; some tells whether there were any, hidden or not.
func (b *buckets) below(ctx context.Context, bucket, prefix string) (found []Object, some bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing early
	options := minio.ListObjectsOptions{Prefix: prefix, Recursive: true}
	for info := range b.client.ListObjectsIter(ctx, bucket, options) {
		if info.Err != nil {
			return nil, some, info.Err
		}
		some = true
		if strings.HasSuffix(info.Key, "/") || hidden(strings.TrimPrefix(info.Key, prefix)) {
			continue
		}
		found = append(found, b.object(bucket, info))
	}
	return found, some, ctx.Err()
}

func (b *buckets) object(bucket string, info minio.ObjectInfo) Object {
	location := remote + bucket + "/" + info.Key
	return Object{Location: location, Same: location, Size: info.Size, Version: strings.Trim(info.ETag, `"`)}
}

// Open implements [Store].
func (b *buckets) Open(ctx context.Context, location string, offset, length int64) (io.ReadCloser, error) {
	at, err := parse(location)
	if err != nil {
		return nil, err
	}
	if length == 0 {
		return io.NopCloser(strings.NewReader("")), nil
	}
	d := &download{buckets: b, ctx: ctx, location: location, place: at, next: offset}
	if length > 0 {
		d.end = offset + length
	}
	if err := d.open(); err != nil {
		return nil, err
	}
	return d, nil
}

// Create implements [Store].
func (b *buckets) Create(ctx context.Context, location string) (Writer, error) {
	at, err := parse(location)
	if err == nil && (at.key == "" || strings.HasSuffix(at.key, "/")) {
		err = fmt.Errorf("%s names no file: expected s3://bucket/file", location)
	}
	if err != nil {
		return nil, err
	}
	in, out := io.Pipe()
	u := &upload{PipeWriter: out, ended: make(chan struct{})}
	go func() {
		defer close(u.ended)
		_, err := b.client.PutObject(ctx, at.bucket, at.key, in, -1, minio.PutObjectOptions{
			PartSize: partSize, ContentType: "application/octet-stream", SendContentMd5: true,
		})
		if err != nil && !errors.Is(err, errDiscarded) {
			err = b.explain(ctx, location, err)
		}
		u.err = err
		in.CloseWithError(err)
	}()
	return u, nil
}

// partSize is how much of an object is held until it is sent; ten thousand parts are the most there can be.
const partSize = 32 << 20

var errDiscarded = errors.New("discarded")

// upload is an object that is being written.
type upload struct {
	*io.PipeWriter

	// ended is closed when all is sent, or err has kept it from being sent.
	ended chan struct{}
	err   error
	done  bool
}

// Commit implements [Writer].
func (u *upload) Commit() error {
	if u.done {
		return nil
	}
	u.done = true
	err := u.Close()
	<-u.ended
	return errors.Join(err, u.err)
}

// Discard implements [Writer].
func (u *upload) Discard() {
	if !u.done {
		u.done = true
		_ = u.CloseWithError(errDiscarded) // never fails
		<-u.ended
	}
}
