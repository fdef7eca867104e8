package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// amazon is where buckets are unless the environment says otherwise.
const amazon = "https://s3.amazonaws.com"

// retries is how often a request is made before it fails: for some seconds.
const retries = 5

// transport keeps connections for all that this process reads and writes.
var transport = sync.OnceValues(func() (*http.Transport, error) { return minio.DefaultTransport(true) })

// newBuckets makes a client as the environment says.
func newBuckets() (*buckets, error) {
	endpoint := cmp.Or(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"), amazon)
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("AWS_ENDPOINT_URL is %q: expected a URL such as https://storage.example.com:9000", endpoint)
	}
	keys := credentials.NewChainCredentials(providers())
	shared, err := transport()
	if err != nil {
		return nil, fmt.Errorf("preparing for object storage: %w", err)
	}
	options := &minio.Options{
		Creds: keys, Secure: u.Scheme == "https", Transport: shared, MaxRetries: retries,
		Region: cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
	}
	if endpoint != amazon {
		options.BucketLookup = minio.BucketLookupPath
		options.Region = cmp.Or(options.Region, "us-east-1")
	}
	client, err := minio.New(u.Host, options)
	if err != nil {
		return nil, fmt.Errorf("preparing for object storage at %s: %w", endpoint, err)
	}
	b := &buckets{client: client, host: u.Host, anonymous: true}
	value, err := keys.GetWithContext(&credentials.CredContext{Client: &http.Client{Transport: shared}})
	if err == nil {
		b.anonymous = value.AccessKeyID == ""
	}
	return b, nil
}

// providers are the sources of credentials, the first that has some counts. The role of a machine is asked
// for where the environment says that there is one: elsewhere nobody would answer.
func providers() []credentials.Provider {
	list := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	roles := []string{
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE",
	}
	if slices.ContainsFunc(roles, func(name string) bool { return os.Getenv(name) != "" }) {
		list = append(list, &credentials.IAM{})
	}
	return list
}

// explain says what an error of object storage means.
func (b *buckets) explain(ctx context.Context, location string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	answer, _ := errors.AsType[minio.ErrorResponse](err)
	bucket := strings.TrimPrefix(location, remote)
	bucket, _, _ = strings.Cut(bucket, "/")
	switch answer.Code {
	case minio.NoSuchKey:
		return fmt.Errorf("%s: %w", location, fs.ErrNotExist)
	case minio.NoSuchBucket:
		return fmt.Errorf("%w: %s: there is no bucket %s at %s", ErrUnavailable, location, bucket, b.host)
	case minio.InvalidBucketName, minio.XMinioInvalidObjectName:
		return fmt.Errorf("%s: %w", location, err)
	case minio.PreconditionFailed:
		return fmt.Errorf("%w: %s has changed while it was read", ErrUnavailable, location)
	case minio.AccessDenied, "Forbidden":
		if b.anonymous {
			return fmt.Errorf("%w: %s: access denied by %s, and there are no credentials: set AWS_ACCESS_KEY_ID "+
				"and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", ErrUnavailable, location, b.host)
		}
		return fmt.Errorf("%w: %s: access denied by %s with the credentials at hand", ErrUnavailable, location, b.host)
	}
	if answer.StatusCode == http.StatusForbidden {
		return fmt.Errorf("%w: %s: the credentials are not accepted by %s: %w", ErrUnavailable, location, b.host, err)
	}
	return fmt.Errorf("%w: %s at %s: %w", ErrUnavailable, location, b.host, err)
}
