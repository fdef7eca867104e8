package servicestest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Process is what a [Program] sees of its surroundings, be it a real process or not.
type Process struct {
	Getenv         func(string) string
	Stdout, Stderr io.Writer
	// Killed is closed where a program that runs within the test is ended by force: it must return.
	Killed <-chan struct{}
}

// Program is a service in Go. ctx ends when it is asked to stop; the result is its exit status.
type Program func(ctx context.Context, p Process) int

// Programs are the services that [Run] and [RunSite] need, by name. All of them run as child processes through
// [Main]; those without children of their own run in a [Driver] too.
func Programs() map[string]Program {
	return map[string]Program{
		"serve": serve, "exit": exit, "stubborn": stubborn, "talk": talk, "build": build,
		"hang": hang, "busy": busy, "family": family, "orphan": orphan, "hold": hold,
		"read": read, "write": leave, "fetch": fetch, "resolve": resolve, "reach": reach, "user": user, "hog": hog,
	}
}

// Main is for TestMain. In a child process that [Self] has described it runs the program and does not
// return; in the test itself it does nothing.
func Main() {
	if len(os.Args) != 3 || os.Args[1] != childArg {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	program, ok := Programs()[os.Args[2]]
	if !ok {
		fmt.Fprintf(os.Stderr, "no program %q\n", os.Args[2])
		os.Exit(127)
	}
	code := program(ctx, Process{Getenv: os.Getenv, Stdout: os.Stdout, Stderr: os.Stderr})
	stop()
	os.Exit(code)
}

// childArg is the argument that marks a child, with the program's name behind it.
const childArg = "-headgate-program"

// Self is the command that runs a program of [Programs] in a child process made from the test binary,
// whose TestMain must call [Main].
func Self(name string) []string {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return []string{self, childArg, name}
}

// address is where a program listens: PORT, at this machine only unless HOST says otherwise.
func (p Process) address() string {
	return net.JoinHostPort(cmp.Or(p.Getenv("HOST"), "127.0.0.1"), p.Getenv("PORT"))
}

// serve answers at PORT until it is asked to stop, and says goodbye.
func serve(ctx context.Context, p Process) int {
	l, err := net.Listen("tcp", p.address())
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "fine") })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	fmt.Fprintln(p.Stdout, "listening")
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		server.Close()
	}()
	_ = server.Serve(l)
	<-ended
	fmt.Fprintln(p.Stdout, "goodbye")
	return 0
}

func exit(_ context.Context, p Process) int {
	fmt.Fprintln(p.Stderr, "panic: out of luck")
	return 3
}

// build does what [Commands] says of Build.
func build(ctx context.Context, p Process) int {
	fmt.Fprintln(p.Stdout, "building")
	fmt.Fprintln(p.Stderr, "warning: unused variable")
	if p.Getenv("BUILD_HANGS") != "" {
		<-ctx.Done()
	}
	if p.Getenv("BUILD_FAILS") != "" {
		return 2
	}
	return 0
}

// stubborn does not stop when it is asked to.
func stubborn(_ context.Context, p Process) int {
	fmt.Fprintln(p.Stdout, "you will have to kill me")
	<-p.Killed
	return 137
}

// hang runs until it is asked to stop.
func hang(ctx context.Context, p Process) int {
	fmt.Fprintln(p.Stdout, "waiting")
	<-ctx.Done()
	return 0
}

const (
	talkLines = 2000
	longLine  = 300_000
)

// talk writes numbered lines, a very long one, one with a carriage return, and one without an end.
func talk(_ context.Context, p Process) int {
	for i := range talkLines {
		fmt.Fprintf(p.Stdout, "line %d\n", i)
	}
	fmt.Fprintln(p.Stdout, strings.Repeat("x", longLine))
	fmt.Fprint(p.Stdout, "from windows\r\n\n")
	fmt.Fprint(p.Stdout, "no newline")
	return 0
}

const (
	busyTime   = 300 * time.Millisecond
	busyMemory = 64 << 20
)

// busy uses a processor and memory, then waits.
func busy(ctx context.Context, p Process) int {
	memory := make([]byte, busyMemory)
	for start := time.Now(); time.Since(start) < busyTime; {
		for i := 0; i < len(memory); i += 512 {
			memory[i]++
		}
	}
	fmt.Fprintln(p.Stdout, "done", len(memory))
	<-ctx.Done()
	return int(memory[0]) * 0
}

// family starts a child that ignores SIGTERM and has the port, and waits.
func family(ctx context.Context, p Process) int {
	if err := descend("hold", false); err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	<-ctx.Done()
	return 0
}

// orphan starts a child that leaves the process group where that is possible, has the port and the
// standard output, and dies.
func orphan(_ context.Context, p Process) int {
	if err := descend("hold", true); err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	return 4
}

// descend starts a child with the same outputs and waits until it says that it runs.
func descend(name string, detached bool) error {
	command := Self(name)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = os.Environ()
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = detach(detached)
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		return err
	}
	w.Close()
	_, err = io.ReadFull(r, make([]byte, 1))
	return err
}

// hold takes the port, tells its parent, and stays whatever it is told.
func hold(_ context.Context, p Process) int {
	l, err := net.Listen("tcp", p.address())
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	defer l.Close()
	fmt.Fprintln(p.Stdout, "holding")
	ready := os.NewFile(3, "ready")
	if _, err := ready.WriteString("!"); err != nil {
		return 1
	}
	ready.Close()
	<-p.Killed
	return 0
}
