package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"time"
)

// requests is how many each contender sends in one round.
const requests = 200_000

func main() {
	own := options{}
	flag.StringVar(&own.role, "role", "", "used by bench itself: what this process does")
	flag.StringVar(&own.target, "target", "", "used by bench itself: base URL of the target")
	flag.IntVar(&own.stubs, "stubs", 10, "used by bench itself: number of stubs to serve")
	profile := flag.String("profile", "", "file for a CPU profile of this process")
	flag.IntVar(&own.rounds, "rounds", 3, "interleaved rounds; the tables show medians")
	flag.IntVar(&own.large, "large", 1000, "megabytes of the larger captures of the section traffic")
	flag.StringVar(&own.formats, "formats", "", "formats of the section traffic, with commas between them; all by default")
	flag.StringVar(&own.only, "only", "", "sections to measure, with commas between them; all by default")
	flag.Parse()
	debug.SetGCPercent(400) // as cmd/headgate does
	err := profiled(*profile, own.act)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	role, target, only string
	formats            string
	stubs, rounds      int
	large              int // in megabytes
}

// profiled runs f and writes a CPU profile of it where a file is named.
func profiled(path string, f func() error) error {
	if path == "" {
		return f()
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

// act measures, or does what bench has started this process for.
func (o options) act() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	switch o.role {
	case "":
		return o.measure(ctx)
	case "target":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(l.Addr())
		return serveTarget(l)
	case "read":
		return readRole(o.target)
	case "relay", "record":
		return serveProxy(o.role, o.target)
	case "middleware", "shadow":
		return serveTwins(o.role, o.target)
	case "map", "mock", "mock-json":
		return serveStubs(ctx, o.role, o.stubs)
	}
	way, ok := ways()[o.role]
	if !ok {
		return fmt.Errorf("there is no role %s", o.role)
	}
	got, err := way.run(ctx, o.target, requests)
	fmt.Println(got.rate, got.work)
	return err
}
