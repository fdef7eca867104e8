package sut

import (
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// Config holds the settings under `sut:` in a run file.
type Config struct {
	// Apps are the applications under test, each started as soon as those that it refers to are ready.
	Apps []App `yaml:"apps"`
}

// App is one application under test.
type App struct {
	// Name by which ${apps.NAME.url}, replay.target and gates refer to the application.
	Name              string `yaml:"name" jsonschema:"required"`
	services.Settings `yaml:",inline"`
	// Ready says how to find out that the application is ready.
	Ready services.Ready `yaml:"ready"`
	// WarmUp sends requests before anything is measured.
	WarmUp WarmUp `yaml:"warm_up"`
	// Logs says which lines of output are errors.
	Logs services.LogRules `yaml:"logs"`
	// Gates on the application's own metrics. ready_seconds: ">= 3" has it watched for three seconds
	// before anything is replayed.
	Gates *spec.Node `yaml:"gates"`
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
