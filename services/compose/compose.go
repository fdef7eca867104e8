// Package compose reads services out of a compose file, in the form of a run file's settings.
package compose

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// Project is a compose file, read and resolved: variables come from the environment and the .env file beside
// it, as with docker compose.
type Project struct {
	path    string
	project *types.Project
	jobs    map[string]bool // services that others wait for to end
}

// Load reads a compose file.
func Load(ctx context.Context, path string) (*Project, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithName("headgate"),
		cli.WithWorkingDirectory(filepath.Dir(path)), cli.WithProfiles([]string{"*"}),
		cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return nil, unreadable(path, err)
	}
	p := &Project{path: path, project: project, jobs: map[string]bool{}}
	for _, s := range project.Services {
		for name, d := range s.DependsOn {
			if d.Condition == types.ServiceConditionCompletedSuccessfully {
				p.jobs[name] = true
			}
		}
	}
	return p, nil
}

// unreadable tells in plain words of a key that compose files do not have: the library reads them by a schema.
func unreadable(path string, err error) error {
	if place, unknown := strings.CutSuffix(err.Error(), " false schema"); unknown {
		return fmt.Errorf("reading %s: compose files have no %s", path, place[strings.LastIndexByte(place, ' ')+1:])
	}
	return fmt.Errorf("reading %s: %w", path, err)
}

// Names lists the services, sorted.
func (p *Project) Names() []string { return slices.Sorted(maps.Keys(p.project.Services)) }

// Needs lists the services that one depends on, sorted; nil for an unknown name.
func (p *Project) Needs(name string) []string {
	return slices.Sorted(maps.Keys(p.project.Services[name].DependsOn))
}

// Port is the first port that a service listens on; 0 where the file names none.
func (p *Project) Port(name string) int {
	if ports := portsOf(p.project.Services[name]); len(ports) > 0 {
		return ports[0]
	}
	return 0
}

// Settings are those of one service. What cannot be done the same way is refused by name; Needs are left to
// the caller, who knows which of them the run file replaces.
func (p *Project) Settings(name string) (services.Settings, error) {
	s, ok := p.project.Services[name]
	if !ok {
		return services.Settings{}, p.unknown(name)
	}
	if odd := refused(s); len(odd) > 0 {
		return services.Settings{}, fmt.Errorf("service %s of %s uses %s, which a run cannot do",
			name, p.path, strings.Join(odd, ", "))
	}
	out := services.Settings{
		Image: literal(s.Image), Entrypoint: literals(s.Entrypoint), Command: literals(s.Command), User: s.User,
		Env: map[string]string{}, Job: p.jobs[name], Aliases: aliases(s), Health: health(s.HealthCheck),
	}
	for key, value := range s.Environment {
		if value != nil {
			out.Env[key] = literal(*value)
		}
	}
	if ports := portsOf(s); len(ports) > 0 {
		out.Port, out.Ports = ports[0], ports[1:]
	}
	if s.Build != nil {
		out.Build = build(s.Build)
		out.Image = ""
	}
	if s.StopGracePeriod != nil {
		out.StopTimeout = spec.Duration(*s.StopGracePeriod)
	}
	out.Resources = resources(s)
	var err error
	if out.Volumes, err = volumes(s); err != nil {
		return out, fmt.Errorf("service %s of %s: %w", name, p.path, err)
	}
	return out, p.addFiles(s, &out)
}

func (p *Project) unknown(name string) error {
	hint := "; it has " + strings.Join(p.Names(), ", ")
	if near := spec.Nearest(name, p.Names()); near != "" {
		hint = "; did you mean " + near + "?"
	}
	return fmt.Errorf("%s has no service %s%s", p.path, name, hint)
}

// addFiles copies configs and secrets that are files to where the service expects them.
func (p *Project) addFiles(s types.ServiceConfig, out *services.Settings) error {
	add := func(source, target, folder, file, content string) error {
		if target == "" || !strings.HasPrefix(target, "/") {
			target = folder + cmp.Or(target, source)
		}
		if file == "" && content == "" {
			return fmt.Errorf("service %s of %s: %s is neither a file nor text", s.Name, p.path, source)
		}
		out.Files = append(out.Files, services.FileSetting{Source: file, Content: literal(content), Target: target})
		return nil
	}
	for _, c := range s.Configs {
		of := p.project.Configs[c.Source]
		if err := add(c.Source, c.Target, "/", of.File, of.Content); err != nil {
			return err
		}
	}
	for _, c := range s.Secrets {
		of := p.project.Secrets[c.Source]
		if err := add(c.Source, c.Target, "/run/secrets/", of.File, of.Content); err != nil {
			return err
		}
	}
	return nil
}
