package backends

import (
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/services"
)

// Config holds the settings under `backends:` in a run file.
type Config struct {
	// Mocks answer for dependencies from captured traffic.
	Mocks []Mock `yaml:"mocks"`
	// WireMock holds what all mocks with engine: wiremock have in common.
	WireMock WireMock `yaml:"wiremock"`
	// Real services that the application may call.
	Real []Real `yaml:"real"`
	// Real databases that the application may use.
	Databases []Database `yaml:"databases"`
}

// Mock is one mocked dependency.
type Mock struct {
	// Name by which ${mocks.NAME.url} and gates refer to the mock.
	Name string `yaml:"name" jsonschema:"required"`
	// Type of the dependency.
	Type string `yaml:"type" jsonschema:"enum=http,enum=db"`
	// Engine that serves the stubs: embedded runs in this process, wiremock in a container.
	Engine string `yaml:"engine" jsonschema:"enum=embedded,enum=wiremock"`
	// Image of the wiremock engine: wiremock/wiremock:3.13.2 unless another one is named.
	Image string `yaml:"image"`
	// Stubs are captured outbound traffic, also in object storage as s3://bucket/key, or a folder or file of WireMock
	// mappings.
	Stubs string `yaml:"stubs"`
	// Traffic is captured database traffic, for type db.
	Traffic string `yaml:"traffic"`
	// Port to listen on, with engine: embedded; a free one by default.
	Port int `yaml:"port" jsonschema:"minimum=0,maximum=65535"`
	// Match says which parts of a request do not count.
	Match mocks.Match `yaml:"match"`
	// Latency of the answers: none, recorded, or a duration.
	Latency mocks.Latency `yaml:"latency"`
	// OnMiss says how a request that no stub matches is answered.
	OnMiss OnMiss `yaml:"on_miss"`
	// Gates on the mock's own metrics.
	Gates *spec.Node `yaml:"gates"`
}

// WireMock holds what all mocks with engine: wiremock have in common.
type WireMock struct {
	// Shared serves all of them by one container, which tells them apart by the Host header; otherwise each
	// mock has a container of its own.
	Shared bool `yaml:"shared"`
}

// OnMiss says how a request that no stub matches is answered.
type OnMiss struct {
	// Status of the answer, an error status: a miss is never a silent 200.
	Status int `yaml:"status" jsonschema:"minimum=400,maximum=599"`
}

// Real is a real service that the application may call.
type Real struct {
	// Name by which ${real.NAME.url} and gates refer to the service.
	Name string `yaml:"name" jsonschema:"required"`
	// URL of a service that is already running, in place of a command or image. With a namespace it is
	// http://NAME.NAMESPACE.svc by default.
	URL               string `yaml:"url"`
	services.Settings `yaml:",inline"`
	// Namespace of a service that runs in a cluster: it is reached by its name in the cluster's DNS,
	// http://NAME.NAMESPACE.svc, so that Headgate has to run where that name can be resolved.
	Namespace string `yaml:"namespace"`
	// Probe that must answer before anyone depends on the service.
	Probe services.Ready `yaml:"probe"`
	// Logs says which lines of output are errors.
	Logs services.LogRules `yaml:"logs"`
	// Traffic is captured outbound traffic to the service: its GET and HEAD requests are sent again
	// and their latency is judged against the recorded one.
	Traffic string `yaml:"traffic"`
	// Gates on the service's own metrics.
	Gates *spec.Node `yaml:"gates"`
}

// UnmarshalSpec fills in the defaults before reading.
func (m *Mock) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type plain Mock
	*m = Mock{Type: "http", Engine: "embedded", Match: mocks.DefaultMatch(), OnMiss: OnMiss{Status: 599}}
	return spec.Decode(n, (*plain)(m))
}

// UnmarshalSpec fills in the defaults before reading.
func (r *Real) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type plain Real
	*r = NewReal("", services.Settings{})
	return spec.Decode(n, (*plain)(r))
}

// ShortMock is a mock of which only the service, its captured traffic and perhaps a port are given.
func ShortMock(service, captured string, port int) Mock {
	return Mock{
		Name: service, Type: "http", Engine: "embedded", Stubs: captured, Port: port,
		Match: mocks.DefaultMatch(), OnMiss: OnMiss{Status: 599},
	}
}

// NewReal is a real service with the defaults.
func NewReal(name string, s services.Settings) Real {
	return Real{Name: name, Settings: s, Probe: services.DefaultReady(), Logs: services.DefaultLogRules()}
}
