package services

import (
	"cmp"
	"fmt"
	"maps"

	"github.com/headgate-dev/headgate/engine/spec"
)

// Settings say in a run file how a service is run: as a local process by its command, or as a container
// where an image, an image build or a compose service is given.
type Settings struct {
	// Image of the container to run, with a tag or digest.
	Image string `yaml:"image"`
	// Build is done before the start: a command, an image build, or both in this order.
	Build BuildSettings `yaml:"build"`
	// Compose takes what is not said here from a service of a compose file.
	Compose ComposeSettings `yaml:"compose"`
	// Command starts a local process: the program and its arguments. With an image it replaces the
	// image's own command.
	Command spec.Strings `yaml:"command"`
	// Entrypoint replaces the image's entry point.
	Entrypoint spec.Strings `yaml:"entrypoint"`
	// Dir is the working folder of the commands on this machine, relative to the run file.
	Dir string `yaml:"dir"`
	// User, and perhaps group, to run as within the container.
	User string `yaml:"user"`
	// Port the service listens on, passed on as PORT and ${self.port}. By default a free one; in a
	// container 8080.
	Port int `yaml:"port" jsonschema:"minimum=0,maximum=65535"`
	// Ports are further ports of the container that are reachable from this machine.
	Ports []int `yaml:"ports"`
	// Env is the service's environment; ${mocks.NAME.url} and the like are filled in.
	Env map[string]string `yaml:"env"`
	// Files are copied into the container before it starts.
	Files []FileSetting `yaml:"files"`
	// Volumes are folders that are mounted into the container.
	Volumes []VolumeSetting `yaml:"volumes"`
	// Health is a check that the container engine runs within the container, in place of the image's.
	Health *HealthSettings `yaml:"health"`
	// Job runs the container to its end: exit status 0 is ready. For migrations and the like.
	Job bool `yaml:"job"`
	// Aliases are further names of a container on the run's network, besides its own.
	Aliases spec.Strings `yaml:"aliases"`
	// Resources bound a container.
	Resources ResourceSettings `yaml:"resources"`
	// Isolation bounds what a container can reach.
	Isolation IsolationSettings `yaml:"isolation"`
	// Needs names services of the run that must be ready before this one is started, besides those
	// that ${...} refers to.
	Needs spec.Strings `yaml:"needs"`
	// StopTimeout is how long the service may take to end when it is asked to, 5s by default.
	StopTimeout spec.Duration `yaml:"stop_timeout"`
	// Peers are what the service calls by the names of a compose file.
	Peers []Peer `yaml:"-"`
}

// Peer is a service that another one calls by a name and port of a compose file.
type Peer struct {
	// Name is the name in the compose file, Of the one in the run file.
	Name, Of string
	// Port is where it is called; 0 where the file names none.
	Port int
}

// BuildSettings say what has to be done before a service starts.
type BuildSettings struct {
	// Command that builds the service on this machine: the program and its arguments.
	Command spec.Strings `yaml:"command"`
	// Context folder of an image build, relative to the run file.
	Context string `yaml:"context"`
	// Dockerfile of an image build, relative to the context; Dockerfile by default.
	Dockerfile string `yaml:"dockerfile"`
	// Target is the stage to build; the last by default.
	Target string `yaml:"target"`
	// Args are the arguments of an image build.
	Args map[string]string `yaml:"args"`
}

// image tells whether an image is to be built.
func (b BuildSettings) image() bool {
	return b.Context != "" || b.Dockerfile != "" || b.Target != "" || len(b.Args) > 0
}

// ComposeSettings name a service of a compose file.
type ComposeSettings struct {
	// File is the compose file, relative to the run file; ./compose.yaml by default.
	File string `yaml:"file"`
	// Service is its name in that file; the service's own name by default.
	Service string `yaml:"service"`
}

// ResourceSettings bound a container.
type ResourceSettings struct {
	// CPUs is how many processors it may use, such as 1.5; no bound by default.
	CPUs float64 `yaml:"cpus" jsonschema:"minimum=0"`
	// Memory it may use, swap included, such as 512MiB; no bound by default.
	Memory spec.Bytes `yaml:"memory"`
}

// IsolationSettings bound what a container can reach.
type IsolationSettings struct {
	// Egress is deny for a container that reaches nothing but the containers of the run, the mocks and
	// services of this machine that it refers to, and what allow names.
	Egress string `yaml:"egress" jsonschema:"enum=deny,enum=allow"`
	// Allow names what may be reached nevertheless: services of the run, or host:port.
	Allow spec.Strings `yaml:"allow"`
}

// HealthSettings are a check that the container engine runs.
type HealthSettings struct {
	// Test is the command with its arguments; a single text is run by the container's shell.
	Test spec.Strings `yaml:"test" jsonschema:"required"`
	// Interval between two checks.
	Interval spec.Duration `yaml:"interval"`
	// Timeout of one check.
	Timeout spec.Duration `yaml:"timeout"`
	// StartPeriod within which a failure does not count.
	StartPeriod spec.Duration `yaml:"start_period"`
	// Retries is how many failures in a row make the container unhealthy.
	Retries int `yaml:"retries" jsonschema:"minimum=0"`
}

// Contained tells whether the service runs in a container.
func (s *Settings) Contained() bool {
	return s.Image != "" || s.Build.image() || s.Compose != (ComposeSettings{})
}

// Given tells whether anything says how to run the service.
func (s *Settings) Given() bool { return s.Contained() || len(s.Command) > 0 }

// Describe says in a few words what is run.
func (s *Settings) Describe() string {
	switch {
	case s.Compose != (ComposeSettings{}):
		return fmt.Sprintf("service %s of %s", cmp.Or(s.Compose.Service, "of its name"), s.Compose.Path())
	case s.Build.image():
		return "image built from " + s.Build.Context
	case s.Image != "":
		return "image " + s.Image
	}
	return fmt.Sprintf("%q", []string(s.Command))
}

// Denied tells whether the service's egress is bounded.
func (s *Settings) Denied() bool { return s.Isolation.Egress == "deny" }

// containerPort is the port of a container that names none.
const containerPort = 8080

// InsidePort is the port that the service listens on within its container; 0 for a job, or a service of a
// compose file, that names none.
func (s *Settings) InsidePort() int {
	if s.Port == 0 && !s.Job && s.Compose == (ComposeSettings{}) {
		return containerPort
	}
	return s.Port
}

// Fill is what a run knows and settings refer to.
type Fill struct {
	// Expand fills in ${...}.
	Expand func(string) string
	// Resolve makes a path of the run file absolute.
	Resolve func(string) string
	// Port the service is to listen on.
	Port int
}

// Service makes what a driver starts out of the settings.
func (s *Settings) Service(name string, f Fill) Service {
	out := Service{
		Name: name, Dir: f.Resolve(s.Dir), Port: f.Port, StopTimeout: s.StopTimeout.Std(),
		Build: f.list(s.Build.Command), Command: f.list(s.Command), Env: f.environment(s.Env),
	}
	if !s.Contained() {
		return out
	}
	c := &Container{
		Image: f.Expand(s.Image), Entrypoint: f.list(s.Entrypoint), User: f.Expand(s.User),
		CPUs: s.Resources.CPUs, Memory: int64(s.Resources.Memory), Ports: s.Ports, Job: s.Job,
		Aliases: s.Aliases,
	}
	if s.Build.image() {
		c.Build = &ImageBuild{
			Context: f.Resolve(f.Expand(s.Build.Context)), Dockerfile: f.Expand(s.Build.Dockerfile),
			Target: s.Build.Target, Args: f.values(s.Build.Args),
		}
	}
	for _, file := range s.Files {
		c.Files = append(c.Files, file.file(f))
	}
	for _, v := range s.Volumes {
		c.Volumes = append(c.Volumes, v.volume(f))
	}
	if s.Health != nil {
		c.Health = s.Health.health()
	}
	out.Container = c
	return out
}

// References lists what ${...} in the settings refers to, such as mocks.payment-api.url.
func (s *Settings) References() []string {
	var refs []string
	s.Service("", Fill{
		Resolve: func(path string) string { return path },
		Expand: func(text string) string {
			_, _ = spec.ExpandRuntime(text, func(ref string) (string, bool) { // cannot fail: all are found
				refs = append(refs, ref)
				return "", true
			})
			return text
		},
	})
	return refs
}

func (h *HealthSettings) health() *Health {
	test := append([]string{"CMD"}, h.Test...)
	switch {
	case len(h.Test) == 1:
		test[0] = "CMD-SHELL"
	case len(h.Test) > 1 && (h.Test[0] == "CMD" || h.Test[0] == "CMD-SHELL"):
		test = test[1:]
	}
	return &Health{
		Test: test, Interval: h.Interval.Std(), Timeout: h.Timeout.Std(),
		StartPeriod: h.StartPeriod.Std(), Retries: h.Retries,
	}
}

// Over lays what the run file says over what a compose file says: its values win, lists are replaced whole,
// and the environment is joined.
func (s *Settings) Over(base Settings) {
	given := *s
	*s = base
	s.Compose, s.Needs, s.Isolation, s.Dir = given.Compose, given.Needs, given.Isolation, given.Dir
	s.Env = maps.Clone(base.Env)
	maps.Copy(s.Env, given.Env)
	s.Aliases = append(s.Aliases, given.Aliases...)
	s.Job = base.Job || given.Job
	replace(&s.Entrypoint, given.Entrypoint)
	replace(&s.Command, given.Command)
	replace(&s.Ports, given.Ports)
	replace(&s.Files, given.Files)
	replace(&s.Volumes, given.Volumes)
	s.User, s.Port = cmp.Or(given.User, s.User), cmp.Or(given.Port, s.Port)
	s.Health, s.StopTimeout = cmp.Or(given.Health, s.Health), cmp.Or(given.StopTimeout, s.StopTimeout)
	s.Resources.CPUs = cmp.Or(given.Resources.CPUs, s.Resources.CPUs)
	s.Resources.Memory = cmp.Or(given.Resources.Memory, s.Resources.Memory)
	s.Build.Command = given.Build.Command
	switch {
	case given.Build.image():
		s.Build, s.Image = given.Build, given.Image
	case given.Image != "":
		s.Build, s.Image = BuildSettings{Command: given.Build.Command}, given.Image
	}
}

func replace[S ~[]E, E any](old *S, given S) {
	if len(given) > 0 {
		*old = given
	}
}
