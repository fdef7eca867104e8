package capture

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
)

// Connections gives client connections names that are unique within a recording.
type Connections struct {
	prefix string
	last   atomic.Uint64
}

// NewConnections begins to count. The names begin with random digits, so that those of recordings that are
// joined later differ.
func NewConnections() *Connections {
	return &Connections{prefix: string(appendHex(nil, rand.Uint64N(1<<32), 8)) + "-"}
}

// connectionKey is that of the name in a context.
type connectionKey struct{}

// Name puts a new name into the context of a connection: it is meant for [http.Server.ConnContext].
func (c *Connections) Name(ctx context.Context, _ net.Conn) context.Context {
	name := c.prefix + strconv.FormatUint(c.last.Add(1), 10)
	return context.WithValue(ctx, connectionKey{}, name)
}

// connectionOf is the name of the connection that a request came on; without one it is the client's address,
// which may come again when the connection has ended.
func connectionOf(r *http.Request) string {
	if name, ok := r.Context().Value(connectionKey{}).(string); ok {
		return name
	}
	return r.RemoteAddr
}
