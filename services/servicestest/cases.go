package servicestest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/services"
)

func (s suite) serves(t *testing.T, command []string) {
	subject := service(t, command)
	i, j := s.start(t, subject)
	j.await(t, "listening")
	if err := get(t.Context(), i.Addr(), "/healthz"); err != nil {
		t.Errorf("asking %s: %v", i.Addr(), err)
	}
	wantExit(t, i.Exit(), services.Exit{})
	stop(t, i)
	wantExit(t, awaitExit(t, i), services.Exit{Stopped: true})
	if diff := cmp.Diff([]string{"listening", "goodbye"}, j.texts("stdout")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	wantFree(t, subject)
}

func (s suite) outlives(t *testing.T, command []string) {
	ctx, cancel := context.WithCancel(t.Context())
	j := newJournal()
	i, err := s.driver.Start(ctx, service(t, command), j.add)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, i) })
	j.await(t, "waiting")
	cancel()
	select {
	case <-i.Exited():
		t.Errorf("ended with the context of Start: %+v", i.Exit())
	case <-time.After(50 * time.Millisecond):
	}
}

func (s suite) exits(t *testing.T, command []string) {
	i, j := s.start(t, service(t, command))
	wantExit(t, awaitExit(t, i), services.Exit{Code: 3})
	if diff := cmp.Diff([]string{"panic: out of luck"}, j.texts("stderr")); diff != "" {
		t.Errorf("the last words are not there when the end is told (-want +got):\n%s", diff)
	}
	stop(t, i)
	wantExit(t, i.Exit(), services.Exit{Code: 3})
}

func (s suite) talks(t *testing.T, command []string) {
	i, j := s.start(t, service(t, command))
	wantExit(t, awaitExit(t, i), services.Exit{})
	var want []string
	for n := range talkLines {
		want = append(want, fmt.Sprintf("line %d", n))
	}
	want = append(want, strings.Repeat("x", longLine), "from windows", "", "no newline")
	if diff := cmp.Diff(want, j.texts("stdout")); diff != "" {
		t.Errorf("output (-want +got):\n%.2000s", diff)
	}
}

func (s suite) killsStubborn(t *testing.T, command []string) {
	subject := service(t, command)
	subject.StopTimeout = 100 * time.Millisecond
	i, j := s.start(t, subject)
	j.await(t, "you will have to kill me")
	began := time.Now()
	stop(t, i)
	wantExit(t, awaitExit(t, i), services.Exit{Code: -1, Signal: "killed", Stopped: true})
	if took := time.Since(began); took < subject.StopTimeout {
		t.Errorf("killed after %s, before the stop timeout of %s", took, subject.StopTimeout)
	}
}

func (s suite) killsAtOnce(t *testing.T, command []string) {
	subject := service(t, command)
	subject.StopTimeout = time.Hour
	i, j := s.start(t, subject)
	j.await(t, "you will have to kill me")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := i.Stop(ctx); err != nil {
		t.Errorf("stopping: %v", err)
	}
	wantExit(t, awaitExit(t, i), services.Exit{Code: -1, Signal: "killed", Stopped: true})
}

func (s suite) stopsTwice(t *testing.T, command []string) {
	i, j := s.start(t, service(t, command))
	j.await(t, "waiting")
	done := make(chan struct{})
	go func() {
		defer close(done)
		stop(t, i)
	}()
	stop(t, i)
	<-done
	stop(t, i)
	wantExit(t, i.Exit(), services.Exit{Stopped: true})
}

func (s suite) builds(t *testing.T, command []string) {
	subject := service(t, s.commands.Exit)
	subject.Build = command
	i, j := s.start(t, subject)
	awaitExit(t, i)
	if got := j.texts("build"); len(got) != 2 {
		t.Errorf("the build wrote %q, want two lines", got)
	}
}

func (s suite) buildFails(t *testing.T, command []string) {
	subject := service(t, s.commands.Hang)
	subject.Build = command
	subject.Env = append(subject.Env, "BUILD_FAILS=yes")
	_, err := s.driver.Start(t.Context(), subject, newJournal().add)
	failed := wantError[*services.ExitError](t, err)
	wantExit(t, failed.Exit, services.Exit{Code: 2})
	if len(failed.Log) != 2 {
		t.Errorf("the error holds the lines %q, want two", failed.Log)
	}
}

func (s suite) buildCanceled(t *testing.T, command []string) {
	subject := service(t, s.commands.Hang)
	subject.Build = command
	subject.Env = append(subject.Env, "BUILD_HANGS=yes")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := s.driver.Start(ctx, subject, func(services.Line) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

func (s suite) missing(t *testing.T, _ []string) {
	_, err := s.driver.Start(t.Context(), service(t, []string{"no-such-program"}), newJournal().add)
	if err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("error is %v, want it to name the command", err)
	}
}

func (s suite) portInUse(t *testing.T, command []string) {
	subject := service(t, command)
	listen(t, subject)
	_, err := s.driver.Start(t.Context(), subject, newJournal().add)
	if taken := wantError[*services.PortError](t, err); taken.Port != subject.Port {
		t.Errorf("the error names port %d, want %d", taken.Port, subject.Port)
	}
}

func (s suite) measures(t *testing.T, command []string) {
	i, j := s.start(t, service(t, command))
	j.await(t, "done")
	running := awaitUse(t, i)
	stop(t, i)
	ended, err := i.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if ended.CPU < running.CPU || ended.Memory != 0 || ended.PeakMem < running.PeakMem {
		t.Errorf("after its end: %+v, while it ran: %+v", ended, running)
	}
}

// awaitUse reads the use of a busy service until it shows: a driver may measure once a second only.
func awaitUse(t *testing.T, i services.Instance) services.Stats {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		running, err := i.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if running.CPU >= busyTime/10 && running.Memory >= busyMemory && running.PeakMem >= running.Memory {
			return running
		}
		if time.Now().After(deadline) {
			t.Fatalf("while it runs: %+v, want at least %s and %d bytes", running, busyTime/10, busyMemory)
		}
	}
}

func (s suite) endsFamily(t *testing.T, command []string) {
	subject := service(t, command)
	subject.StopTimeout = 200 * time.Millisecond
	i, j := s.start(t, subject)
	j.await(t, "holding")
	stop(t, i)
	if exit := awaitExit(t, i); !exit.Stopped {
		t.Errorf("ended with %+v, want it stopped", exit)
	}
	wantFree(t, subject)
}

func (s suite) endsOrphans(t *testing.T, command []string) {
	subject := service(t, command)
	subject.StopTimeout = 200 * time.Millisecond
	i, j := s.start(t, subject)
	wantExit(t, awaitExit(t, i), services.Exit{Code: 4})
	if got := j.texts("stdout"); len(got) != 1 {
		t.Errorf("the child wrote %q, want one line", got)
	}
	stop(t, i)
	wantFree(t, subject)
}
