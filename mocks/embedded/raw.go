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

// hijacked writes an answer with a reason phrase of its own, which net/http cannot, and ends the
// connection. A dribble is sent in one piece.
func hijacked(w http.ResponseWriter, r *http.Request, out *reply) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "the status message cannot be sent on this connection", http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(r.Context(), func() { _ = conn.Close() })
	defer stop()

	h := out.header.Clone()
	h.Del("Transfer-Encoding")
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(out.body)))
	message := strings.NewReplacer("\r", " ", "\n", " ").Replace(out.message)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", out.code, message)
	_ = h.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	if r.Method != http.MethodHead && hasBody(out.code) {
		b.Write(out.body)
	}
	_, _ = conn.Write(b.Bytes()) // a client that went away needs no answer
}
