package servicestest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// The programs of this file are jobs that look at the container they run in.

// says ends a program: with an answer, or with an error.
func says(p Process, answer string, err error) int {
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	if answer != "" {
		fmt.Fprintln(p.Stdout, answer)
	}
	return 0
}

// read writes the content of FILES.
func read(_ context.Context, p Process) int {
	for _, name := range strings.Fields(p.Getenv("FILES")) {
		content, err := os.ReadFile(name)
		if code := says(p, string(content), err); code != 0 {
			return code
		}
	}
	return 0
}

// leave writes TEXT into FILE.
func leave(_ context.Context, p Process) int {
	return says(p, "", os.WriteFile(p.Getenv("FILE"), []byte(p.Getenv("TEXT")), 0o600))
}

// fetch writes what URL answers.
func fetch(ctx context.Context, p Process) int {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Getenv("URL"), http.NoBody)
	if err != nil {
		return says(p, "", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return says(p, "", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return says(p, string(body), err)
}

// resolve writes the first address of NAME.
func resolve(ctx context.Context, p Process) int {
	addrs, err := net.DefaultResolver.LookupHost(ctx, p.Getenv("NAME"))
	if err != nil {
		return says(p, "", err)
	}
	return says(p, addrs[0], nil)
}

// reach opens a connection to ADDR, which may take two seconds.
func reach(ctx context.Context, p Process) int {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", p.Getenv("ADDR"))
	if err != nil {
		return says(p, "", err)
	}
	return says(p, "reached", conn.Close())
}

func user(_ context.Context, p Process) int {
	return says(p, fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()), nil)
}

// hog uses memory until it is killed for it, or has a gigabyte.
func hog(_ context.Context, p Process) int {
	var all [][]byte
	for range 1 << 10 {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 1 << 12 {
			block[i] = 1
		}
		all = append(all, block)
	}
	return says(p, fmt.Sprintf("got %d MiB", len(all)), nil)
}
