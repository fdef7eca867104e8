//go:build !unix

package replay

import "net"

// quiet cannot look into an idle connection here.
func quiet(net.Conn) bool { return true }
