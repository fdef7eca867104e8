package sut

import (
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// Config holds the settings under `sut:` in a run file.
type Config struct {
	// Apps are the applications under test, started in this order.
	Apps []App `yaml:"apps"`
}

// App is one application under test.
type App struct {
	// Name by which ${apps.NAME.url}, replay.target and gates refer to the application.
	Name string `yaml:"name" jsonschema:"required"`
	// Command starts the application as a local process: the program and its arguments.
	Command spec.Strings `yaml:"command"`
	// Build is done before the start.
	Build Build `yaml:"build"`
	// Image of a container.
	Image string `yaml:"image"`
	// Dir is the working folder of build and command, relative to the run file.
	Dir string `yaml:"dir"`
	// Port the application listens on; by default a free one, passed on as PORT and ${self.port}.
	Port int `yaml:"port" jsonschema:"minimum=0,maximum=65535"`
	// Env is the application's environment; ${mocks.NAME.url} and the like are filled in.
	Env map[string]string `yaml:"env"`
	// Ready says how to find out that the application is ready.
	Ready services.Ready `yaml:"ready"`
	// WarmUp sends requests before anything is measured.
	WarmUp WarmUp `yaml:"warm_up"`
	// Logs says which lines of output are errors.
	Logs services.LogRules `yaml:"logs"`
	// Resources bound a container.
	Resources *spec.Node `yaml:"resources"`
	// Isolation bounds what a container can reach.
	Isolation *spec.Node `yaml:"isolation"`
	// Gates on the application's own metrics. ready_seconds: ">= 3" has it watched for three seconds
	// before anything is replayed.
	Gates *spec.Node `yaml:"gates"`
}

// Build is what has to be done before the application starts.
type Build struct {
	// Command that builds the application: the program and its arguments.
	Command spec.Strings `yaml:"command"`
	// Context folder of an image build.
	Context string `yaml:"context"`
	// Dockerfile of an image build.
	Dockerfile string `yaml:"dockerfile"`
}

// WarmUp sends requests before anything is measured.
type WarmUp struct {
	// Requests is how many are sent.
	Requests int `yaml:"requests" jsonschema:"minimum=0,maximum=100000"`
	// Path that is asked with GET; the path of ready.http by default.
	Path string `yaml:"path"`
}

// UnmarshalSpec fills in the defaults before reading.
func (a *App) UnmarshalSpec(n *spec.Node) spec.Diagnostics {
	type plain App
	*a = App{Ready: services.DefaultReady(), Logs: services.DefaultLogRules()}
	return spec.Decode(n, (*plain)(a))
}
