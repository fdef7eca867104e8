package embedded

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// sleep waits and tells whether it could wait to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hijacked writes an answer with a reason phrase of its own, which net/http cannot, and ends the
// connection. A dribble is sent in one piece.
func hijacked(w http.ResponseWriter, r *http.Request, e *entry) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "the status message cannot be sent on this connection", http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(r.Context(), func() { _ = conn.Close() })
	defer stop()

	resp := e.stub.Response
	h := e.header.Clone()
	h.Del("Transfer-Encoding")
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(e.payload)))
	message := strings.NewReplacer("\r", " ", "\n", " ").Replace(resp.StatusMessage)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", resp.Code(), message)
	_ = h.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	if r.Method != http.MethodHead && hasBody(resp.Code()) {
		b.Write(e.payload)
	}
	_, _ = conn.Write(b.Bytes()) // a client that went away needs no answer
}
