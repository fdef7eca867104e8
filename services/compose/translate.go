package compose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// refused lists what the service asks for and a run does not do. What only matters to an operator, such as
// restart, logging and labels, is left out without a word.
func refused(s types.ServiceConfig) []string {
	given := map[string]bool{
		"network_mode: " + s.NetworkMode: s.NetworkMode != "" && s.NetworkMode != "bridge" && s.NetworkMode != "default",
		"pid: " + s.Pid:                  s.Pid != "", "ipc: " + s.Ipc: s.Ipc != "" && s.Ipc != "private",
		"privileged": s.Privileged, "cap_add": len(s.CapAdd) > 0, "devices": len(s.Devices) > 0, "gpus": len(s.Gpus) > 0,
		"external_links": len(s.ExternalLinks) > 0, "links": len(s.Links) > 0, "volumes_from": len(s.VolumesFrom) > 0,
		"extra_hosts": len(s.ExtraHosts) > 0, "dns": len(s.DNS) > 0, "provider": s.Provider != nil,
		"runtime: " + s.Runtime: s.Runtime != "", "platform: " + s.Platform: s.Platform != "",
		"post_start": len(s.PostStart) > 0, "pre_start": len(s.PreStart) > 0, "pre_stop": len(s.PreStop) > 0,
		"read_only": s.ReadOnly, "sysctls": len(s.Sysctls) > 0, "working_dir": s.WorkingDir != "",
		"scale": s.Scale != nil && *s.Scale > 1, "models": len(s.Models) > 0, "group_add": len(s.GroupAdd) > 0,
		"replicas": s.Deploy != nil && s.Deploy.Replicas != nil && *s.Deploy.Replicas > 1,
	}
	if b := s.Build; b != nil {
		given["build.dockerfile_inline"] = b.DockerfileInline != ""
		given["build.ssh"], given["build.secrets"] = len(b.SSH) > 0, len(b.Secrets) > 0
		given["build.additional_contexts"], given["build.network"] = len(b.AdditionalContexts) > 0, b.Network != ""
	}
	var list []string
	for what, is := range given {
		if is {
			list = append(list, what)
		}
	}
	slices.Sort(list)
	return list
}

// literal keeps the text from being filled in a second time: compose has done it.
func literal(text string) string { return strings.ReplaceAll(text, "${", "$${") }

func literals(texts []string) spec.Strings {
	var out spec.Strings
	for _, text := range texts {
		out = append(out, literal(text))
	}
	return out
}

// aliases are the names by which other services of the file call this one.
func aliases(s types.ServiceConfig) []string {
	list := []string{s.Name}
	if s.ContainerName != "" {
		list = append(list, s.ContainerName)
	}
	if s.Hostname != "" {
		list = append(list, s.Hostname)
	}
	for _, n := range s.Networks {
		if n != nil {
			list = append(list, n.Aliases...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// portsOf are the ports inside, published ones first.
func portsOf(s types.ServiceConfig) []int {
	var list []int
	for _, p := range s.Ports {
		if p.Protocol == "" || p.Protocol == "tcp" {
			list = append(list, int(p.Target))
		}
	}
	for _, text := range s.Expose {
		if n, err := strconv.Atoi(strings.TrimSuffix(text, "/tcp")); err == nil && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

func build(b *types.BuildConfig) services.BuildSettings {
	out := services.BuildSettings{
		Context: literal(b.Context), Dockerfile: literal(b.Dockerfile), Target: b.Target, Args: map[string]string{},
	}
	for key, value := range b.Args {
		if value != nil {
			out.Args[key] = literal(*value)
		}
	}
	return out
}

func health(h *types.HealthCheckConfig) *services.HealthSettings {
	if h == nil || h.Disable || len(h.Test) == 0 || h.Test[0] == "NONE" {
		return nil
	}
	out := &services.HealthSettings{Test: spec.Strings(h.Test)}
	set := func(into *spec.Duration, d *types.Duration) {
		if d != nil {
			*into = spec.Duration(*d)
		}
	}
	set(&out.Interval, h.Interval)
	set(&out.Timeout, h.Timeout)
	set(&out.StartPeriod, h.StartPeriod)
	if h.Retries != nil {
		out.Retries = int(*h.Retries)
	}
	return out
}

func resources(s types.ServiceConfig) services.ResourceSettings {
	out := services.ResourceSettings{CPUs: float64(s.CPUS), Memory: spec.Bytes(s.MemLimit)}
	if s.Deploy != nil && s.Deploy.Resources.Limits != nil {
		limits := s.Deploy.Resources.Limits
		if limits.NanoCPUs != 0 {
			out.CPUs = float64(limits.NanoCPUs)
		}
		if limits.MemoryBytes != 0 {
			out.Memory = spec.Bytes(limits.MemoryBytes)
		}
	}
	return out
}

func volumes(s types.ServiceConfig) ([]services.VolumeSetting, error) {
	var list []services.VolumeSetting
	for _, v := range s.Volumes {
		out := services.Volume{Source: literal(v.Source), Target: v.Target, ReadOnly: v.ReadOnly}
		switch v.Type {
		case types.VolumeTypeBind, types.VolumeTypeVolume:
		case types.VolumeTypeTmpfs:
			out.Source = ""
		default:
			return nil, fmt.Errorf("a volume of type %s cannot be mounted", v.Type)
		}
		list = append(list, services.VolumeSetting{Volume: out})
	}
	for _, target := range s.Tmpfs {
		list = append(list, services.VolumeSetting{Volume: services.Volume{Target: target}})
	}
	return list, nil
}
