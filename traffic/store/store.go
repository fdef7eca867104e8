// Package store lists, reads and writes files of captured traffic, in folders and in object storage.
package store

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
)

// Store holds files by their locations. It is safe for use by many goroutines.
type Store interface {
	// List lists the file at a location, or all files below it, in the order of their names. What has a
	// name that begins with a dot is left out below, but not where the location itself names it. Where
	// there is nothing at all the error wraps fs.ErrNotExist; an empty folder is no error.
	List(ctx context.Context, location string) ([]Object, error)
	// Open reads length bytes of a file from offset on; a negative length reads to the end. Nothing but what
	// is asked for is fetched.
	Open(ctx context.Context, location string, offset, length int64) (io.ReadCloser, error)
	// Create begins a file. It is there, as a whole and in the place of what was there, after Commit.
	Create(ctx context.Context, location string) (Writer, error)
}

// Object is one file of a store.
type Object struct {
	// Location is what the methods of the store take.
	Location string
	// Same is equal for two locations that lead to the same file.
	Same string
	Size int64
	// Version changes when the file does, as far as the store can tell: from its inode and the time of its last
	// change, or its ETag.
	Version string
}

// Writer writes one file.
type Writer interface {
	io.Writer
	// Commit ends the file and gives it its name. After an error nothing is there.
	Commit() error
	// Discard takes back what was written, unless it was committed. It may be called again.
	Discard()
}

// ErrUnavailable is wrapped where a store cannot be had at the time, or not with the credentials at hand:
// not a mistake in what is asked for.
var ErrUnavailable = errors.New("storage is unavailable")

// remote begins the locations in object storage.
const remote = "s3://"

// Remote tells whether a location is in object storage: then it is no path of a file system.
func Remote(location string) bool { return strings.HasPrefix(location, remote) }

// At returns the store of a location: S3-compatible object storage for s3://bucket/key, else the file system.
// Object storage is found by the environment, as the tools of AWS do: credentials in AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY, a profile or a role, else none; the endpoint in AWS_ENDPOINT_URL_S3 or
// AWS_ENDPOINT_URL; the region in AWS_REGION.
func At(location string) (Store, error) {
	if Remote(location) {
		return newBuckets()
	}
	return folders{}, nil
}

// Stores hands out stores as [At] does, and keeps them: what is asked of object storage then shares its
// credentials. It is for one goroutine; nil keeps nothing.
type Stores struct{ remote Store }

// At is like the function of the same name.
func (s *Stores) At(location string) (Store, error) {
	if s == nil || !Remote(location) {
		return At(location)
	}
	if s.remote == nil {
		found, err := At(location)
		if err != nil {
			return nil, err
		}
		s.remote = found
	}
	return s.remote, nil
}

// Join is the location of a file in a folder.
func Join(folder, name string) string {
	if Remote(folder) {
		return strings.TrimSuffix(folder, "/") + "/" + name
	}
	return join(folder, name)
}

// Split takes a location apart into its folder and the name in it.
func Split(location string) (folder, name string) {
	if Remote(location) {
		i := strings.LastIndexByte(location, '/')
		return location[:i], location[i+1:]
	}
	return split(location)
}

// hidden tells whether a part of a path begins with a dot.
func hidden(rel string) bool {
	for part := range strings.SplitSeq(path.Clean(rel), "/") {
		if strings.HasPrefix(part, ".") && part != "." {
			return true
		}
	}
	return false
}
