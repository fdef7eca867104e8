package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

const requestIDHeader = "X-Request-Id"

// newOrderID issues "ord_" and 16 lower-case base 32 characters: six for the day (yymmdd), so that
// ids sort by day, and ten random ones.
func newOrderID(now time.Time) string {
	return "ord_" + now.UTC().Format("060102") + strings.ToLower(rand.Text()[:10])
}

// newToken issues an opaque bearer token: "tok_" and 32 hexadecimal digits.
func newToken() string { return "tok_" + hex.EncodeToString(randomBytes(16)) }

// newUUID issues a random UUID (version 4, RFC 9562 section 5.4).
func newUUID() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to return an error
	return b
}

type requestIDKey struct{}

func withRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
