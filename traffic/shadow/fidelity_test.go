package shadow

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// reluctant is a body whose end comes when the gate opens.
type reluctant struct {
	io.ReadCloser

	left int
	gate chan struct{}
}

func (r *reluctant) Read(b []byte) (int, error) {
	if r.left == 0 {
		<-r.gate
	}
	n, err := r.ReadCloser.Read(b[:min(len(b), max(r.left, 1))])
	r.left -= n
	return n, err
}

// TestPrimaryAnswersWhileTheRequestIsRead has a primary that begins its answer before it has seen the end of the
// request.
func TestPrimaryAnswersWhileTheRequestIsRead(t *testing.T) {
	early := func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		fmt.Fprint(w, "first ")
		_ = control.Flush()
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d %v", len(body), err)
	}
	s := newStand(t, http.HandlerFunc(early), http.HandlerFunc(early), nil)
	gate := make(chan struct{})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = &reluctant{r.Body, int(r.ContentLength), gate}
		s.proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	upload := bytes.NewReader(make([]byte, 100_000))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL, upload)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	close(gate)
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "first 100000 <nil>" {
		t.Errorf("got %q, %v", body, err)
	}
}

// What a client announces and does not send takes no more memory than there is.
func TestAnnouncedBodiesAreBounded(t *testing.T) {
	memory := &budget{}
	memory.free.Store(1000)
	b := &body{ReadCloser: io.NopCloser(strings.NewReader("x")), max: 1 << 20, memory: memory, length: 1 << 20}
	b.keep([]byte("x"))
	if _, why := b.taken(); why != NoMemory || memory.free.Load() != 1000 {
		t.Errorf("%q, %d bytes are free", why, memory.free.Load())
	}
}
