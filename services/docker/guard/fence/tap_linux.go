package fence

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// tap reads the IP packets that come in at an interface, or those that go out by it.
type tap struct {
	fd       int
	index    int
	outgoing bool
}

// backlog is how many bytes of packets may wait to be read, at least.
const backlog = 8 << 20

// openTap listens at the interface with an index. A filter keeps packets from being read at all.
func openTap(index int, outgoing bool, filter []bpf.Instruction) (t *tap, err error) {
	t = &tap{index: index, outgoing: outgoing}
	// The protocol is 0 until the filter stands, so that nothing is read before.
	if t.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("opening a packet socket: %w", err)
	}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if err := unix.SetsockoptInt(t.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, backlog); err != nil {
		return nil, fmt.Errorf("setting the packet socket's buffer: %w", err)
	}
	wake := unix.NsecToTimeval(int64(200 * time.Millisecond))
	if err := unix.SetsockoptTimeval(t.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wake); err != nil {
		return nil, fmt.Errorf("setting the packet socket's timeout: %w", err)
	}
	if err := attach(t.fd, filter); err != nil {
		return nil, fmt.Errorf("setting the packet socket's filter: %w", err)
	}
	at := &unix.SockaddrLinklayer{Protocol: swap(unix.ETH_P_ALL), Ifindex: index}
	if err := unix.Bind(t.fd, at); err != nil {
		return nil, fmt.Errorf("binding the packet socket: %w", err)
	}
	return t, nil
}

// attach has the kernel drop what a program of classic BPF does not let through.
func attach(fd int, filter []bpf.Instruction) error {
	if len(filter) == 0 {
		return nil
	}
	raw, err := bpf.Assemble(filter)
	if err != nil {
		return err
	}
	code := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog)
}

// read calls do with every packet until the context ends. The packet is only valid during the call.
func (t *tap) read(ctx context.Context, do func(packet []byte)) error {
	buf := make([]byte, 1<<16)
	for ctx.Err() == nil {
		n, from, err := unix.Recvfrom(t.fd, buf, 0)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading packets: %w", err)
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		if ok && (link.Pkttype == unix.PACKET_OUTGOING) == t.outgoing {
			do(buf[:n])
		}
	}
	return nil
}

// send puts an IP packet on the interface, for the interface at the other end.
func (t *tap) send(packet, to []byte) error {
	protocol := swap(unix.ETH_P_IP)
	if packet[0]>>4 == 6 {
		protocol = swap(unix.ETH_P_IPV6)
	}
	at := &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: t.index, Halen: uint8(len(to))}
	copy(at.Addr[:], to)
	return unix.Sendto(t.fd, packet, 0, at)
}

// dropped is how many packets could not be read since the last call.
func (t *tap) dropped() (int64, error) {
	stats, err := unix.GetsockoptTpacketStats(t.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0, fmt.Errorf("reading the packet socket's counters: %w", err)
	}
	return int64(stats.Drops), nil
}

func (t *tap) close() { _ = unix.Close(t.fd) }

// swap gives a number in the byte order of the network.
func swap(n uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], n)
	return binary.NativeEndian.Uint16(b[:])
}
