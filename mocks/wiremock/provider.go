// Package wiremock serves stubs by the real WireMock in a container.
package wiremock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/services"
)

// DefaultImage is the image that is run unless another one is named.
const DefaultImage = "wiremock/wiremock:3.13.2"

// Port is where WireMock listens inside its container.
const Port = 8080

// Provider starts one WireMock for each mock.
type Provider struct {
	// Driver starts the containers.
	Driver services.Driver
	// Image to run; DefaultImage if empty.
	Image string
	// Logs takes what WireMock writes, in a sink for each mock; nobody gets it if nil.
	Logs func(name string) services.LogSink
	// Ready bounds how long WireMock may take to start; one minute if 0.
	Ready time.Duration
}

var _ mocks.Provider = Provider{}

// Start runs a container, loads the stubs of the plan into it and returns when requests are answered.
// The plan's port is not looked at: the driver chooses it.
func (p Provider) Start(ctx context.Context, plan *mocks.Plan) (mocks.Server, error) {
	load, err := newLoad(plan, "")
	if err != nil {
		return nil, err
	}
	m, err := p.open(ctx, plan.Name, []string{Alias(plan.Name)})
	if err != nil {
		return nil, err
	}
	s := newServer(m, plan, load)
	if err := m.serve(ctx, s); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", plan.Name, err), m.stop())
	}
	s.url = "http://" + m.instance.Addr()
	s.last = func() error { return m.stop() }
	return s, nil
}

// Check names the stubs of a plan that WireMock cannot serve as they are meant, without starting anything.
func Check(plan *mocks.Plan) error {
	_, err := newLoad(plan, "")
	return err
}

// Alias is the name under which a mock is reached on the network of its run, at [Port].
func Alias(mock string) string { return mock + ".mock" }

// arguments are those of WireMock. The journal is bounded, because it lives in memory; it is read often
// enough to miss nothing.
func arguments() []string {
	return []string{
		"--disable-banner",
		"--max-request-journal-entries", strconv.Itoa(mostEntries),
		"--logged-response-body-size-limit", "1024",
		"--container-threads", "100",
	}
}

// open runs a container and waits until WireMock answers.
func (p Provider) open(ctx context.Context, name string, aliases []string) (*machine, error) {
	tail := services.NewTail(tailLines)
	logs := services.LogSink(tail.Add)
	if p.Logs != nil {
		logs = services.Tee(p.Logs(name), tail.Add)
	}
	instance, err := p.Driver.Start(ctx, services.Service{
		Name:    name,
		Command: arguments(),
		Env:     []string{"JAVA_TOOL_OPTIONS=-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"},
		Port:    Port,
		// WireMock keeps nothing that has to be written down at its end.
		StopTimeout: stopTimeout,
		Container:   &services.Container{Image: cmp.Or(p.Image, DefaultImage), Aliases: aliases},
	}, logs)
	if err != nil {
		return nil, err
	}
	m := newMachine(name, instance, tail)
	probe := services.Probe{Service: name, Instance: instance, Logs: tail, Ready: services.Ready{
		HTTP:     services.HTTPCheck{Path: "/__admin/health", Status: 200},
		Interval: spec.Duration(20 * time.Millisecond),
		Timeout:  spec.Duration(cmp.Or(p.Ready, time.Minute)),
	}}
	if _, err := probe.Wait(ctx); err != nil {
		return nil, errors.Join(err, m.stop())
	}
	return m, nil
}
