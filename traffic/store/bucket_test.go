package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic/store"
	"github.com/headgate-dev/headgate/traffic/store/storetest"
)

// A large object goes up in parts and comes down again; half of one leaves nothing behind.
func TestObjectsInParts(t *testing.T) {
	server := storetest.Start(t)
	s := at(t, "s3://captures")
	content := make([]byte, 70<<20)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(content) // never fails
	put(t, s, "s3://captures/large", content)
	if got := get(t, s, "s3://captures/large", 0, -1); got != string(content) {
		t.Error("another content came back")
	}
	if got := get(t, s, "s3://captures/large", 40<<20, 10); got != string(content[40<<20:40<<20+10]) {
		t.Error("another part came back")
	}
	w, err := s.Create(t.Context(), "s3://captures/half")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content[:40<<20]); err != nil {
		t.Fatal(err)
	}
	w.Discard()
	if diff := cmp.Diff([]string{"s3://captures/large"}, list(t, s, "s3://captures")); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	var left []string
	err = filepath.WalkDir(server.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(path, ".vgwlocks") {
			left = append(left, path)
		}
		return err
	})
	if err != nil || len(left) != 1 {
		t.Errorf("on the server are %v, %v", left, err)
	}
}

// An upload whose context ends leaves nothing behind, and says so.
func TestUploadInterrupted(t *testing.T) {
	storetest.Start(t)
	s := at(t, "s3://captures")
	ctx, cancel := context.WithCancel(t.Context())
	w, err := s.Create(ctx, "s3://captures/x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 40<<20)); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = w.Write(make([]byte, 40<<20))
	if err = errors.Join(err, w.Commit()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if found := list(t, s, "s3://captures"); len(found) != 0 {
		t.Errorf("there is %v", found)
	}
}

// A reading goes on where the connection has broken, and notices when the object is another by then.
func TestDownloadGoesOn(t *testing.T) {
	server := storetest.Start(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	put(t, at(t, "s3://captures"), "s3://captures/x", content)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var cuts atomic.Int64
	var ask func()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			if r.Request.Method == http.MethodGet && cuts.Add(-1) >= 0 {
				r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 100_000), broken{}))
				if ask != nil {
					ask()
				}
			}
			return nil
		},
	}
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	cutting := httptest.NewServer(proxy)
	defer cutting.Close()
	t.Setenv("AWS_ENDPOINT_URL_S3", cutting.URL)
	s := at(t, "s3://captures")
	cuts.Store(4)
	if got := get(t, s, "s3://captures/x", 16, -1); got != string(content[16:]) {
		t.Errorf("%d bytes came, want %d", len(got), len(content)-16)
	}
	ask = func() {
		ask = nil
		put(t, s, "s3://captures/x", []byte("another"))
	}
	cuts.Store(1)
	r, err := s.Open(t.Context(), "s3://captures/x", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "has changed while it was read") {
		t.Errorf("got %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("broken") }

func TestUnavailable(t *testing.T) {
	storetest.Start(t)
	closed := httptest.NewServer(nil)
	closed.Close()
	tests := map[string]struct {
		location string
		env      map[string]string
		want     string
	}{
		"no such bucket": {"s3://elsewhere/x", nil, "there is no bucket elsewhere at 127.0.0.1"},
		"wrong secret":   {"s3://captures/x", map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"}, "s3://captures/x"},
		"unknown key": {
			"s3://captures/x/", map[string]string{"AWS_ACCESS_KEY_ID": "nobody"}, "No user exists",
		},
		"nobody there": {"s3://captures/x", map[string]string{"AWS_ENDPOINT_URL_S3": closed.URL}, "connection refused"},
		"no credentials": {
			"s3://captures/x/",
			map[string]string{"AWS_ACCESS_KEY_ID": "", "HOME": t.TempDir()},
			"there are no credentials: set AWS_ACCESS_KEY_ID",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for key, value := range test.env {
				t.Setenv(key, value)
			}
			_, err := at(t, test.location).List(t.Context(), test.location)
			if !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestCredentialsOfAProfile(t *testing.T) {
	storetest.Start(t)
	file := filepath.Join(t.TempDir(), "credentials")
	text := "[shop]\naws_access_key_id = " + storetest.AccessKey +
		"\naws_secret_access_key = " + storetest.SecretKey + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "shop",
	} {
		t.Setenv(key, value)
	}
	if found := list(t, at(t, "s3://captures"), "s3://captures"); len(found) != 0 {
		t.Errorf("there is %v", found)
	}
}

func TestLocationsThatAreWrong(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	t.Setenv("AWS_ENDPOINT_URL", "")
	s := at(t, "s3://x")
	if _, err := s.List(t.Context(), "s3:///x"); err == nil || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("without a bucket: %v", err)
	}
	for _, location := range []string{"s3://captures", "s3://captures/x/"} {
		if _, err := s.Create(t.Context(), location); err == nil || !strings.Contains(err.Error(), "names no file") {
			t.Errorf("creating %s: %v", location, err)
		}
	}
	for _, endpoint := range []string{"storage:9000", "ftp://storage", "http://storage/path"} {
		t.Setenv("AWS_ENDPOINT_URL_S3", endpoint)
		if _, err := store.At("s3://x"); err == nil || !strings.Contains(err.Error(), endpoint) {
			t.Errorf("endpoint %s: %v", endpoint, err)
		}
	}
}

func TestNames(t *testing.T) {
	tests := map[string]struct{ folder, name, joined string }{
		"object":         {"s3://b/f", "x", "s3://b/f/x"},
		"object at root": {"s3://b", "x", "s3://b/x"},
		"file":           {filepath.Join("a", "b"), "x", filepath.Join("a", "b", "x")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			joined := store.Join(test.folder, test.name)
			folder, file := store.Split(joined)
			if joined != test.joined || folder != test.folder || file != test.name {
				t.Errorf("got %s, %s and %s", joined, folder, file)
			}
		})
	}
}

// A listing of many pages is whole, and in order.
func TestManyObjects(t *testing.T) {
	server := storetest.Start(t)
	const n = 2500
	for i := range n {
		path := filepath.Join(server.Dir, "captures", "many", strconv.Itoa(i/500), strconv.Itoa(i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if found := list(t, at(t, "s3://captures"), "s3://captures/many"); len(found) != n {
		t.Errorf("%d objects of %d", len(found), n)
	}
}

// What does not fit into memory goes through.
func TestStreamingIsFlat(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 200 MB")
	}
	storetest.Start(t)
	s := at(t, "s3://captures")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	w, err := s.Create(t.Context(), "s3://captures/x")
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for range 200 {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), "s3://captures/x", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); err != nil || n != 200<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 100<<20 {
		t.Errorf("%d MB were needed for an object of 200 MB", grown>>20)
	}
}
